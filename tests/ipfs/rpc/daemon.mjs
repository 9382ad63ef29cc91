// js-ipfs, without any peers, with the RPC API of Kubo on loopback.
//
// Prints {"api": …} when it listens, then answers one command a line from standard input:
//   {"do": "add", "path": file}      -> {"cid": …}, leaves of 256 KiB, as Kubo makes them
//   {"do": "forget", "cids": […]}    -> {"ok": …}
// It ends with its standard input.

import { createReadStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

// its packages take newer versions of others than it was made for
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new Promise((...both) => { [resolve, reject] = both })
  return { promise, resolve, reject }
}

// the packages are in a folder of target/, not beside this file (--experimental-import-meta-resolve)
const [, , packages, repo] = process.argv
const from = pathToFileURL(packages + '/')
const load = (name) => import(import.meta.resolve(name, from))

const { create } = await load('ipfs-core')
const { HttpApi } = await load('ipfs-http-server')
const { base32 } = await load('multiformats/bases/base32')
const { CID } = await load('multiformats/cid')

const ipfs = await create({
  repo,
  offline: true,
  silent: true,
  init: { algorithm: 'Ed25519', emptyRepo: true },
  config: {
    Addresses: { Swarm: [], API: '/ip4/127.0.0.1/tcp/0', Gateway: [], Delegates: [] },
    Bootstrap: [],
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } },
  },
})
const api = new HttpApi(ipfs)
await api.start()

async function answer (command) {
  switch (command.do) {
    case 'add': {
      const { cid } = await ipfs.add(createReadStream(command.path), { cidVersion: 0 })
      return { cid: cid.toString() }
    }
    case 'forget': {
      // its own way to remove blocks waits at times for a lock that nobody holds any more
      for (const cid of command.cids) {
        const key = base32.encode(CID.parse(cid).multihash.bytes).slice(1).toUpperCase()
        await unlink(`${repo}/blocks/${key.slice(-3, -1)}/${key}.data`)
      }
      return { ok: true }
    }
    default:
      return { error: `unknown command ${command.do}` }
  }
}

const say = (value) => console.log(JSON.stringify(value))
say({ api: api._apiServers[0].info.uri })
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line)).catch((error) => ({ ok: false, error: String(error) })))
}
process.exit(0)
