// A server of the DHT on loopback, on js-libp2p over TCP, which knows what it is told.
//
// Prints {"id": …, "addresses": […]} when it listens, then answers one command a line from standard input:
//   {"do": "provide", "cid": …, "peer": address}     -> {"ok": true}, says of this peer that it has the content
//   {"do": "record", "name": …, "record": base64}    -> {"ok": true}, holds the record of a name
// It ends with its standard input.

import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const from = pathToFileURL(process.argv[2] + '/')
const load = (name) => import(import.meta.resolve(name, from))

const { createLibp2p } = await load('libp2p')
const { identify } = await load('@libp2p/identify')
const { kadDHT, passthroughMapper } = await load('@libp2p/kad-dht')
const { peerIdFromString } = await load('@libp2p/peer-id')
const { ping } = await load('@libp2p/ping')
const { tcp } = await load('@libp2p/tcp')
const { noise } = await load('@chainsafe/libp2p-noise')
const { yamux } = await load('@chainsafe/libp2p-yamux')
const { multiaddr } = await load('@multiformats/multiaddr')
const { CID } = await load('multiformats/cid')
const { base36 } = await load('multiformats/bases/base36')
const { multihashToIPNSRoutingKey } = await load('ipns')
const { ipnsSelector } = await load('ipns/selector')
const { ipnsValidator } = await load('ipns/validator')

const libp2p = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  services: {
    identify: identify(),
    ping: ping(),
    dht: kadDHT({
      protocol: '/ipfs/kad/1.0.0',
      clientMode: false,
      peerInfoMapper: passthroughMapper,
      validators: { ipns: ipnsValidator },
      selectors: { ipns: ipnsSelector },
    }),
  },
})
const { dht } = libp2p.services
await dht.setMode('server')

async function answer (command) {
  switch (command.do) {
    case 'provide': {
      const [address, id] = command.peer.split('/p2p/')
      const peer = peerIdFromString(id)
      await libp2p.peerStore.merge(peer, { multiaddrs: [multiaddr(address)] })
      await dht.providers.addProvider(CID.parse(command.cid), peer)
      return { ok: true }
    }
    case 'record': {
      const { multihash } = CID.parse(command.name, command.name.startsWith('k') ? base36 : undefined)
      const bytes = Buffer.from(command.record, 'base64')
      const put = dht.put(multihashToIPNSRoutingKey(multihash), bytes, { signal: AbortSignal.timeout(1000) })
      // it is kept here first; nobody else is there to take it
      try { for await (const _ of put); } catch {}
      return { ok: true }
    }
    default:
      return { error: `unknown command ${command.do}` }
  }
}

const say = (value) => console.log(JSON.stringify(value))
const addresses = libp2p.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/.*/, ''))
say({ id: libp2p.peerId.toString(), addresses })
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(JSON.parse(line)).catch((error) => ({ ok: false, error: String(error) })))
}
process.exit(0)
