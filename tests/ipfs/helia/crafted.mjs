// A peer that speaks bitswap and keeps to none of its promises, on js-libp2p over TCP.
//
// Arguments: the folder of the packages, and its manner:
//   silent   says that it has whatever is wanted, and sends nothing
//   wrong    sends other bytes under the name of every block that is wanted
//   other    sends right blocks that nobody asked for, in place of those that are wanted
//   garbage  says that it has whatever is wanted, and then sends noise without end
//   streams  says that it has whatever is wanted, and opens a thousand streams on which nothing comes
// Prints {"id": …, "addresses": […]} when it listens, then answers one command a line from standard input:
//   {"do": "told"}   -> {"wanted": number, "open": [CIDs wanted and not taken back], "sent": messages}
// It ends with its standard input.

import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const from = pathToFileURL(process.argv[2] + '/')
const manner = process.argv[3]
const load = (name) => import(import.meta.resolve(name, from))

const { createLibp2p } = await load('libp2p')
const { identify } = await load('@libp2p/identify')
const { tcp } = await load('@libp2p/tcp')
const { noise } = await load('@chainsafe/libp2p-noise')
const { yamux } = await load('@chainsafe/libp2p-yamux')
const { CID } = await load('multiformats/cid')
const lp = await load('it-length-prefixed')
const { BitswapMessage } = await import(new URL('node_modules/@helia/bitswap/dist/src/pb/message.js', from))

const BITSWAP = '/ipfs/bitswap/1.2.0'
// CIDv1, raw, SHA2-256 of 32 bytes
const PREFIX = Uint8Array.of(1, 0x55, 0x12, 32)

const open = new Set()
let wanted = 0
let sent = 0
const noisy = new Set()

const libp2p = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionGater: { denyDialMultiaddr: () => false },
  services: { identify: identify() },
})

const message = (fields) => lp.encode.single(BitswapMessage.encode({
  blocks: [], blockPresences: [], pendingBytes: 0, ...fields,
}))

async function say (connection, fields) {
  const stream = await connection.newStream(BITSWAP)
  sent++
  stream.send(message(fields))
  await stream.close()
}

async function garble (connection) {
  if (noisy.has(connection.id)) return
  noisy.add(connection.id)
  for (;;) {
    const stream = await connection.newStream(BITSWAP)
    // a length that is allowed, and bytes that are no message
    for (let part = 0; part < 64; part++) {
      sent++
      if (!stream.send(lp.encode.single(randomBytes(65_000)))) await stream.onDrain()
    }
    await stream.close()
  }
}

async function crowd (connection) {
  if (noisy.has(connection.id)) return
  noisy.add(connection.id)
  for (let number = 0; number < 1000; number++) {
    sent++
    connection.newStream(BITSWAP, { maxOutboundStreams: 1000 }).catch(() => {})
    if (number % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function hear (connection, { wantlist }) {
  const entries = wantlist?.entries ?? []
  const asked = []
  for (const { cid, cancel } of entries) {
    const name = CID.decode(cid).toString()
    if (cancel === true) {
      open.delete(name)
    } else {
      open.add(name)
      wanted++
      asked.push(cid)
    }
  }
  if (asked.length === 0) return
  const lie = () => ({ prefix: PREFIX, data: randomBytes(100_000) })
  const under = (cid) => ({ prefix: cid.length > 34 ? cid.subarray(0, 4) : Uint8Array.of(0, 0x12, 32), data: randomBytes(1000) })
  const have = { blockPresences: asked.map((cid) => ({ cid, type: 'HaveBlock' })) }
  if (manner === 'wrong') return say(connection, { ...have, blocks: asked.map(under) })
  if (manner === 'other') return say(connection, { ...have, blocks: asked.map(lie) })
  await say(connection, have)
  if (manner === 'garbage') await garble(connection)
  if (manner === 'streams') await crowd(connection)
}

await libp2p.handle(BITSWAP, async (stream, connection) => {
  for await (const bytes of lp.decode(stream, { maxDataLength: 5 << 20 })) {
    // a peer that leaves is what such a peer is used to
    hear(connection, BitswapMessage.decode(bytes)).catch(() => {})
  }
}, { maxInboundStreams: 512, maxOutboundStreams: 2000 })
process.on('uncaughtException', () => {})
process.on('unhandledRejection', () => {})

const answer = (value) => console.log(JSON.stringify(value))
const addresses = libp2p.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/.*/, ''))
answer({ id: libp2p.peerId.toString(), addresses })
for await (const line of createInterface({ input: process.stdin })) {
  const { do: what } = JSON.parse(line)
  answer(what === 'told' ? { wanted, open: [...open], sent } : { error: `unknown command ${what}` })
}
process.exit(0)
