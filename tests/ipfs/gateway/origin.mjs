// A trustless gateway whose content others made: Helia's importer, IPLD's codecs, the ipns package.
//
// The content is that of the recipes of ipfs/gateway-conformance. Blocks are given one by one, records of
// names likewise; what is left out is nowhere. Prints {"port": …, "named": {name: CID or key}}, then
// answers one command a line from standard input:
//   {"do": "car", "url": …, "accept": …, "read": {"path", "offset", "length"}}
//       -> {"status", "headers", "cids", "used", "text"}: the blocks of an archive in order, and those that
//          a reader needs who has nothing else
//   {"do": "fetch", "gateway": …, "cid": …, "path": …} -> {"text"}: read by a Helia that asks only there
// It ends with its standard input.

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

// the packages are in a folder of target/, not beside this file (--experimental-import-meta-resolve)
const from = pathToFileURL(process.argv[2] + '/')
const load = (name) => import(import.meta.resolve(name, from))

const { CID } = await load('multiformats/cid')
const { sha256 } = await load('multiformats/hashes/sha2')
const { identity } = await load('multiformats/hashes/identity')
const { base36 } = await load('multiformats/bases/base36')
const { importer } = await load('ipfs-unixfs-importer')
const { fixedSize } = await load('ipfs-unixfs-importer/chunker')
const { exporter } = await load('ipfs-unixfs-exporter')
const { UnixFS } = await load('ipfs-unixfs')
const dagPb = await load('@ipld/dag-pb')
const dagCbor = await load('@ipld/dag-cbor')
const dagJson = await load('@ipld/dag-json')
const { CarBlockIterator } = await load('@ipld/car/iterator')
const { generateKeyPair } = await load('@libp2p/crypto/keys')
const { createIPNSRecord, marshalIPNSRecord, unmarshalIPNSRecord } = await load('ipns')
const { createHeliaLight } = await load('helia')
const { withHTTP } = await load('@helia/http')
const { unixfs } = await load('@helia/unixfs')

const named = {}
const records = new Map()

// ---- blocks, by their hash

const key = (cid) => Buffer.from(cid.multihash.bytes).toString('hex')

function blocks () {
  const all = new Map()
  const used = []
  return {
    all,
    used,
    async put (cid, bytes) { all.set(key(cid), bytes); return cid },
    async has (cid) { return all.has(key(cid)) },
    async * get (cid) {
      if (cid.multihash.code === 0) { yield cid.multihash.digest; return }
      const found = all.get(key(cid))
      if (found == null) throw new Error(`not here: ${cid}`)
      used.push(cid.toString())
      yield found
    },
  }
}

const store = blocks()

async function put (codec, bytes) {
  const cid = CID.createV1(codec, await sha256.digest(bytes))
  await store.put(cid, bytes)
  return cid
}

const text = (string) => new TextEncoder().encode(string)
const raw = (string) => put(0x55, text(string))

// ---- files and directories

async function add (files, options = {}) {
  const source = Object.entries(files).map(([path, content]) => ({ path, content: text(content) }))
  const found = {}
  for await (const entry of importer(source, store, {
    cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: true, wrapWithDirectory: true, ...options,
  })) {
    found[entry.path ?? ''] = entry.cid
  }
  return found
}

// a directory of links as they are, which nobody's tools would write
async function directory (links) {
  const data = new UnixFS({ type: 'directory' }).marshal()
  const Links = links.map(([Name, Hash]) => ({ Name, Hash, Tsize: 1 }))
  return put(dagPb.code, dagPb.encode({ Data: data, Links }))
}

const link = (target) =>
  put(dagPb.code, dagPb.encode({ Data: new UnixFS({ type: 'symlink', data: text(target) }).marshal(), Links: [] }))

// README of path_gateway_unixfs: dir-with-files
const LOREM = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit. Nunc non imperdiet nunc. Proin ac quam ut nibh eleifend aliquet. Vestibulum ante ipsum primis in faucibus orci luctus et ultrices posuere cubilia curae; Sed ligula dolor, imperdiet sagittis arcu et, semper tincidunt urna. Donec et tempor augue, quis sollicitudin metus. Curabitur semper ullamcorper aliquet. Mauris hendrerit sodales lectus eget fermentum. Proin sollicitudin vestibulum commodo. Vivamus nec lectus eu augue aliquet dignissim nec condimentum justo. In hac habitasse platea dictumst. Mauris vel sem neque.\n\nVivamus finibus, enim at lacinia semper, arcu erat gravida lacus, sit amet gravida magna orci sit amet est. Sed non leo lacus. Nullam viverra ipsum a tincidunt dapibus. Nulla pulvinar ligula sit amet ante ultrices tempus. Proin purus urna, semper sed lobortis quis, gravida vitae ipsum. Aliquam mi urna, pulvinar eu bibendum quis, convallis ac dolor. In gravida justo sed risus ullamcorper, vitae luctus massa hendrerit. Pellentesque habitant amet.'

async function makeFiles () {
  const site = await add({ 'root2/root3/root4/index.html': 'hello\n' })
  named.site = site['']
  for (const [name, path] of [['site2', 'root2'], ['site3', 'root2/root3'], ['site4', 'root2/root3/root4'], ['index', 'root2/root3/root4/index.html']]) {
    named[name] = site[path]
  }

  // README of path_gateway_tar and dir_listing
  const listed = await add({
    'api/file.txt': 'I am a txt file in confusing /api dir\n',
    'ipfs/file.txt': 'I am a txt file in confusing /ipfs dir\n',
    'ipns/file.txt': 'I am a txt file in confusing /ipns dir\n',
    'ą/ę/file-źł.txt': 'I am a txt file on path with utf8\n',
  })
  named.listed = listed['']
  named.listedFile = listed['ą/ę/file-źł.txt']
  named.jsonFile = await raw('{"test":"I am a json file"}\n')

  const rawDir = await add({ 'dir/ascii.txt': 'hello application/vnd.ipld.car\n' })
  named.raw = rawDir['']
  named.rawDir = rawDir.dir
  named.rawFile = rawDir['dir/ascii.txt']

  const small = { chunker: fixedSize({ chunkSize: 256 }) }
  const files = await add({
    'ascii-copy.txt': 'hello application/vnd.ipld.car\n',
    'ascii.txt': 'hello application/vnd.ipld.car\n',
    'hello.txt': 'hello world\n',
    'multiblock.txt': LOREM,
  }, small)
  named.files = files['']
  named.ascii = files['ascii.txt']
  named.hello = files['hello.txt']
  named.multiblock = files['multiblock.txt']
  const nested = await add({
    'subdir/ascii.txt': 'hello application/vnd.ipld.car\n', 'subdir/hello.txt': 'hello world\n', 'subdir/multiblock.txt': LOREM,
  }, small)
  named.nested = nested['']
  named.nestedDir = nested.subdir
  const leaves = dagPb.decode(store.all.get(key(files['multiblock.txt']))).Links
  leaves.forEach((leaf, at) => { named[`leaf${at}`] = leaf.Hash })

  const many = {}
  for (let at = 0; at < 300; at++) many[`${at}.txt`] = `${at} ${LOREM}`.slice(0, 600)
  named.many = (await add(many, { ...small, shardSplitThresholdBytes: 1 }))['']

  // 3072 letters that differ, so that no leaf is another one
  const letters = Array.from({ length: 3072 }, (_, at) => String.fromCharCode(97 + (at * 7 + (at >> 5)) % 26)).join('')
  const gapped = await add({ gap: letters }, {
    cidVersion: 0, rawLeaves: false, wrapWithDirectory: false, chunker: fixedSize({ chunkSize: 1024 }),
  })
  named.gap = CID.createV1(0x70, gapped.gap.multihash)
  const parts = dagPb.decode(store.all.get(key(gapped.gap))).Links.map((one) => one.Hash)
  named.gap0 = parts[0]
  named.gap2 = parts[2]
  store.all.delete(key(parts[1]))

  const foo = await raw('content\n')
  named.links = await directory([['bar', await link('foo')], ['foo', foo], ['out', await link('../../etc/passwd')]])

  // README of path_gateway_unixfs: tricky names
  const tricky = {
    'plain.txt': 'plain ascii name', 'with space.txt': 'name with space', '100% sure.txt': 'name with percent sign',
    'a#b?c.txt': 'name with hash and question mark', 'łódź.txt': 'name with latin diacritics', 'emoji🚀.txt': 'name with emoji',
    '你好.txt': 'name in chinese', 'ファイル.txt': 'name in japanese', '파일.txt': 'name in korean', 'ملف.txt': 'name in arabic',
    'קובץ.txt': 'name in hebrew', 'файл.txt': 'name in cyrillic', 'αρχείο.txt': 'name in greek', 'नमस्ते.txt': 'name in devanagari',
    'ไฟล์.txt': 'name in thai',
  }
  named.tricky = (await add(Object.fromEntries(Object.entries(tricky).map(([name, words]) => [name, words + '\n']))))['']
  named.trickyV0 = CID.createV0(named.tricky.multihash)
  named.trickyPlain = await raw('plain ascii name\n')
  named.trickyNested = (await add({ "sub dir/file!'()*~.txt": 'name with encoder traps\n' }))['']
  named.percent = (await add({ 'Portugal%2C+España=Peninsula Ibérica.txt': 'hello from a percent encoded filename\n' }))['']
  const inner = (await add({ 'b.txt': 'real nested file\n' }))['']
  named.slash = await directory([['a', inner], ['a/b.txt', await raw('not path-addressable\n')]])

  const file = await raw('inside\n')
  named.inside = await directory([['foobar', await directory([['../foobar/file', file]])]])
  named.outside = await directory([['../outside', file]])
}

// ---- structured data

async function makeData () {
  for (const [name, codec] of [['cbor', dagCbor], ['json', dagJson]]) {
    const leaf = await put(codec.code, codec.encode({ hello: 'this is not a link' }))
    const middle = await put(codec.code, codec.encode({ bar: leaf }))
    named[`${name}Traversal`] = await put(codec.code, codec.encode({ foo: { link: middle } }))
    named[`${name}Leaf`] = leaf
  }
  named.plainJson = await put(0x0200, text('{ "test": "plain json" }'))
  named.plainCbor = await put(0x51, dagCbor.encode({ test: 'plain cbor' }))
  const single = await raw('hello application/vnd.ipld.car\n')
  named.document = await put(dagCbor.code, dagCbor.encode({ files: { single, multi: named.multiblock } }))
  named.withDocument = await directory([['document', named.document]])
  named.single = single

  // IPIP-550: the same entry, its fields in two orders
  for (const [name, hex] of Object.entries({
    orderLeaf: '68656c6c6f0a',
    orderDirData: '0a02080112330a24015512205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03120968656c6c6f2e7478741806',
    orderDirLinks: '12330a24015512205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03120968656c6c6f2e74787418060a020801',
    orderShardData: '0a250805121c80000000000000000000000000000000000000000000000000000000282230800212350a24015512205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03120b444668656c6c6f2e7478741806',
    orderShardLinks: '12350a24015512205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03120b444668656c6c6f2e74787418060a250805121c800000000000000000000000000000000000000000000000000000002822308002',
  })) {
    named[name] = await put(name === 'orderLeaf' ? 0x55 : dagPb.code, Buffer.from(hex, 'hex'))
  }
}

// ---- names

async function name (called, value, options = {}, spoil = (record) => record) {
  const secret = await generateKeyPair(options.rsa ? 'RSA' : 'Ed25519', 2048)
  const cid = CID.createV1(0x72, secret.publicKey.toMultihash())
  const record = await createIPNSRecord(secret, value, 1n, options.lifetime ?? 24 * 3600 * 1000, {
    v1Compatible: options.v1 ?? true, ttlNs: options.ttl ?? 60_000_000_000n,
  })
  named[called] = cid.toString(base36)
  named[`${called}Peer`] = secret.publicKey.toString()
  const marshalled = marshalIPNSRecord(record)
  const bytes = spoil(unmarshalIPNSRecord(marshalled), secret)
  records.set(named[called], bytes instanceof Uint8Array ? bytes : marshalIPNSRecord(bytes))
}

async function makeNames () {
  const flipped = (bytes) => { const copy = bytes.slice(); copy[5] ^= 1; return copy }
  await name('name', `/ipfs/${named.site}`)
  await name('nameRsa', `/ipfs/${named.site}`, { rsa: true })
  await name('nameBelow', `/ipfs/${named.site}/root2`)
  await name('nameFile', `/ipfs/${named.hello}`, { ttl: 3155760000000000000n })
  await name('nameV2', `/ipfs/${named.hello}`, { v1: false })
  await name('nameBadV1', `/ipfs/${named.hello}`, {}, (record) => ({ ...record, signatureV1: flipped(record.signatureV1) }))
  await name('nameBadV2', `/ipfs/${named.hello}`, {}, (record) => ({ ...record, signatureV2: flipped(record.signatureV2) }))
  await name('nameBadValue', `/ipfs/${named.hello}`, {}, (record) => ({ ...record, value: `/ipfs/${named.index}` }))
  await name('nameJson', `/ipfs/${named.jsonTraversal}`)
  await name('nameCbor', `/ipfs/${named.cborTraversal}`)
}

await makeFiles()
await makeData()
await makeNames()

// ---- the server

let asked = 0
const server = createServer((request, response) => {
  asked++
  const url = new URL(request.url, 'http://localhost')
  const [, kind, id] = url.pathname.split('/')
  const format = url.searchParams.get('format')
  const accept = request.headers.accept ?? ''
  const isCar = format === 'car' || (format == null && accept.includes('car'))
  let found
  try {
    found = kind === 'ipns' ? records.get(id) : store.all.get(key(CID.parse(id)))
  } catch { /* no CID */ }
  if (isCar) return response.writeHead(406).end()
  if (found == null) return response.writeHead(404).end()
  const type = kind === 'ipns' ? 'application/vnd.ipfs.ipns-record' : 'application/vnd.ipld.raw'
  response.writeHead(200, { 'content-type': type, 'content-length': found.length }).end(found)
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

// ---- a client of the agent

async function car ({ url, accept, read }) {
  const response = await fetch(url, { headers: accept == null ? {} : { accept } })
  const headers = Object.fromEntries(response.headers)
  if (response.status !== 200) return { status: response.status, headers, body: await response.text() }
  const [cids, reader] = [[], blocks()]
  let broken = false
  let roots = []
  try {
    const iterator = await CarBlockIterator.fromIterable(response.body)
    roots = await iterator.getRoots()
    for await (const { cid, bytes } of iterator) {
      const digest = createHash('sha256').update(bytes).digest('hex')
      if (!key(cid).endsWith(digest)) throw new Error(`${cid} is not what it says`)
      cids.push(cid.toString())
      await reader.put(cid, bytes)
    }
  } catch (error) {
    broken = String(error)
  }
  const answer = { status: 200, headers, cids, broken, roots: roots.map(String) }
  if (read != null) {
    const entry = await exporter(read.path, reader)
    const pieces = []
    for await (const piece of entry.content({ offset: read.offset, length: read.length })) pieces.push(piece)
    answer.text = Buffer.concat(pieces).toString()
    answer.used = [...new Set(reader.used)]
  }
  return answer
}

async function fetchBy ({ gateway, cid, path }) {
  const helia = withHTTP(createHeliaLight(), {
    delegatedRouters: [], recursiveGateways: [gateway], allowInsecure: true, allowLocal: true,
  })
  // without any other router it waits for ever before it asks gateways
  helia.addRouter({ name: 'nobody', capabilities: () => [], async * findProviders () {} })
  await helia.start()
  try {
    const fs = unixfs(helia)
    const signal = AbortSignal.timeout(20_000)
    const entry = await fs.stat(CID.parse(cid), { path, signal })
    if (entry.type === 'directory') {
      const names = []
      for await (const one of fs.ls(CID.parse(cid), { path, signal })) names.push(one.name)
      return { names }
    }
    const pieces = []
    for await (const piece of fs.cat(CID.parse(cid), { path, signal })) pieces.push(piece)
    return { text: Buffer.concat(pieces).toString() }
  } finally {
    await helia.stop()
  }
}

async function answer (command) {
  switch (command.do) {
    case 'car': return car(command)
    case 'fetch': return fetchBy(command)
    case 'asked': return { asked }
    default: return { error: `unknown command ${command.do}` }
  }
}

const say = (value) => console.log(JSON.stringify(value))
const all = Object.fromEntries(Object.entries(named).map(([one, cid]) => [one, cid.toString()]))
say({ port: server.address().port, named: all, lorem: LOREM })
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line)).catch((error) => ({ error: String(error.stack) })))
}
process.exit(0)
