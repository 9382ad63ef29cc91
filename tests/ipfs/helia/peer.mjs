// A Helia node on loopback, with an Ed25519 key and TCP.
//
// Prints {"id": …, "addresses": […]} when it listens, then answers one command a line from standard input:
//   {"do": "add", "path": file, "options": {…}}  -> {"cid": …}, UnixFS, leaves raw unless the options say otherwise
//   {"do": "put", "codec": …, "hash": …, "value": …}  -> {"cid": …}, one block of a value in the form of DAG-JSON
//   {"do": "leaves", "cid": …}            -> {"cids": […]}, the blocks of a file that hold its bytes, in order
//   {"do": "forget", "cids": […]}         -> {"ok": true}, the node has these blocks no longer
//   {"do": "publish", "value": …, "sequence": …, "ttl": seconds}  -> {"name": …, "record": base64}, signs a record for the name of its key
//   {"do": "gateway"}                     -> {"url": …}, serves its blocks and its record as a trustless gateway does
//   {"do": "add_many", "count": number}   -> {"cid": …}, a sharded directory of so many small files
//   {"do": "get", "cid": …, "to": path}   -> {"ok": …, "seconds": …}
//   {"do": "connect", "address": …}       -> {"ok": …}
// It ends with its standard input.

import { createServer } from 'node:http'
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'

// the packages are in a folder of target/, not beside this file (--experimental-import-meta-resolve)
const from = pathToFileURL(process.argv[2] + '/')
const load = (name) => import(import.meta.resolve(name, from))

const { createHeliaLight } = await load('helia')
const { withLibp2p } = await load('@helia/libp2p')
const { withBitswap } = await load('@helia/bitswap')
const { unixfs } = await load('@helia/unixfs')
const { MemoryBlockstore } = await load('blockstore-core')
const { tcp } = await load('@libp2p/tcp')
const { identify } = await load('@libp2p/identify')
const { noise } = await load('@chainsafe/libp2p-noise')
const { yamux } = await load('@chainsafe/libp2p-yamux')
const { multiaddr } = await load('@multiformats/multiaddr')
const { CID } = await load('multiformats/cid')
const { sha256 } = await load('multiformats/hashes/sha2')
const { identity } = await load('multiformats/hashes/identity')
const raw = await load('multiformats/codecs/raw')
const [pb, cbor, json] = await Promise.all(['pb', 'cbor', 'json'].map((name) => load(`@ipld/dag-${name}`)))
const { generateKeyPair } = await load('@libp2p/crypto/keys')
const { createIPNSRecord, marshalIPNSRecord } = await load('ipns')

const codecs = { raw, 'dag-pb': pb, 'dag-cbor': cbor, 'dag-json': json }

const blocks = new MemoryBlockstore()
const helia = withBitswap(withLibp2p(createHeliaLight({ blockstore: blocks }), {
  config: 'replace',
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  services: { identify: identify() },
}))
await helia.start()
const fs = unixfs(helia)

const key = await generateKeyPair('Ed25519')
const name = key.publicKey.toCID().toString()
let record

async function leaves (cid) {
  if (cid.code === raw.code) return [cid.toString()]
  const { Links: links } = pb.decode(await whole(await helia.blockstore.get(cid)))
  const below = []
  for (const link of links) below.push(...await leaves(link.Hash))
  return links.length === 0 ? [cid.toString()] : below
}

// what a blockstore gives, whichever version it is of
async function whole (found) {
  if (found instanceof Uint8Array) return found
  const parts = []
  for await (const part of found) parts.push(part)
  return Buffer.concat(parts)
}

// the part of the trustless gateway specification that is used of it
async function serve (request, response) {
  const [, kind, id] = new URL(request.url, 'http://localhost').pathname.split('/')
  const send = (type, bytes) => response.writeHead(200, { 'content-type': type }).end(bytes)
  try {
    if (kind === 'ipns' && record != null) {
      send('application/vnd.ipfs.ipns-record', record)
    } else if (kind === 'ipfs' && await helia.blockstore.has(CID.parse(id))) {
      send('application/vnd.ipld.raw', await whole(await helia.blockstore.get(CID.parse(id))))
    } else {
      response.writeHead(404).end()
    }
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
}

async function answer (command) {
  switch (command.do) {
    case 'add': {
      const cid = await fs.addByteStream(createReadStream(command.path), command.options)
      return { cid: cid.toString() }
    }
    case 'add_many': {
      let cid = await fs.addDirectory()
      const files = Array.from({ length: command.count }, (_, at) => ({
        path: `${at}.txt`,
        content: new TextEncoder().encode(`file ${at}`),
      }))
      for await (const entry of fs.addAll(files, { wrapWithDirectory: true, shardSplitThresholdBytes: 1024 })) {
        cid = entry.cid
      }
      return { cid: cid.toString() }
    }
    case 'put': {
      const codec = codecs[command.codec]
      const value = json.parse(JSON.stringify(command.value))
      const bytes = codec.encode(codec === pb ? pb.prepare(value) : value)
      const hash = await (command.hash === 'identity' ? identity : sha256).digest(bytes)
      const cid = CID.createV1(codec.code, hash)
      if (command.hash !== 'identity') await helia.blockstore.put(cid, bytes)
      return { cid: cid.toString() }
    }
    case 'leaves':
      return { cids: await leaves(CID.parse(command.cid)) }
    case 'forget': {
      // Helia's own way would announce that in a DHT, which there is not
      for (const cid of command.cids) await blocks.delete(CID.parse(cid))
      return { ok: true }
    }
    case 'publish': {
      const options = { ttlNs: BigInt(command.ttl) * 1_000_000_000n }
      const signed = await createIPNSRecord(key, command.value, command.sequence, 3_600_000, options)
      record = marshalIPNSRecord(signed)
      return { name, record: Buffer.from(record).toString('base64') }
    }
    case 'gateway': {
      const server = createServer(serve)
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
      return { url: `http://127.0.0.1:${server.address().port}` }
    }
    case 'get': {
      const started = performance.now()
      const signal = AbortSignal.timeout(60_000)
      await pipeline(fs.cat(CID.parse(command.cid), { signal }), createWriteStream(command.to))
      return { ok: true, seconds: (performance.now() - started) / 1000 }
    }
    case 'connect': {
      await helia.libp2p.dial(multiaddr(command.address))
      return { ok: true }
    }
    default:
      return { error: `unknown command ${command.do}` }
  }
}

const say = (value) => console.log(JSON.stringify(value))
const addresses = helia.libp2p.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/.*/, ''))
say({ id: helia.libp2p.peerId.toString(), addresses })
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line)).catch((error) => ({ ok: false, error: String(error) })))
}
process.exit(0)
