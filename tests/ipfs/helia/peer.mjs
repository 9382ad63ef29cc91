// A Helia node on loopback, with an Ed25519 key and TCP.
//
// Prints {"id": …, "addresses": […]} when it listens, then answers one command a line from standard input:
//   {"do": "add", "path": file}           -> {"cid": …}, UnixFS, leaves raw
//   {"do": "add_many", "count": number}   -> {"cid": …}, a sharded directory of so many small files
//   {"do": "get", "cid": …, "to": path}   -> {"ok": …, "seconds": …}
//   {"do": "connect", "address": …}       -> {"ok": …}
// It ends with its standard input.

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
const { tcp } = await load('@libp2p/tcp')
const { identify } = await load('@libp2p/identify')
const { noise } = await load('@chainsafe/libp2p-noise')
const { yamux } = await load('@chainsafe/libp2p-yamux')
const { multiaddr } = await load('@multiformats/multiaddr')
const { CID } = await load('multiformats/cid')

const helia = withBitswap(withLibp2p(createHeliaLight(), {
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

async function answer (command) {
  switch (command.do) {
    case 'add': {
      const cid = await fs.addByteStream(createReadStream(command.path))
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
