import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'

/** The server's reply to one query: addresses (of the queried family), an error, or none. */
export type DnsReply = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'drop'

export interface FakeDns extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  server: string
  /** Sets the replies to a name, query by query for each type; the last is repeated. Unknown names are NXDOMAIN. */
  answer(name: string, ...replies: DnsReply[]): void
  /** Number of queries for a name; A and AAAA are counted apart. */
  count(name: string, type: 'A' | 'AAAA'): number
}

const TYPE_A = 1
const TYPE_AAAA = 28
const RCODES = { NXDOMAIN: 3, SERVFAIL: 2, drop: 0 }

const readName = (query: Buffer): { name: string; end: number } => {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

const ipv6Bytes = (address: string): Buffer => {
  const [head = '', tail] = address.split('::')
  const groupsOf = (text: string) => (text === '' ? [] : text.split(':').map(group => Number.parseInt(group, 16)))
  const [left, right] = [groupsOf(head), groupsOf(tail ?? '')]
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill(0), ...right]
  return Buffer.from(groups.flatMap(group => [group >> 8, group & 0xff]))
}

const recordOf = (address: string, type: number): Buffer => {
  const data = type === TYPE_A ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0) // the name: a pointer to the question's
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(300, 6)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

const respond = (query: Buffer, end: number, type: number, reply: DnsReply): Buffer => {
  const addresses = typeof reply === 'string' ? [] : reply.filter(a => isIP(a) === (type === TYPE_A ? 4 : 6))
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(0x8180 | (typeof reply === 'string' ? RCODES[reply] : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  return Buffer.concat([header, query.subarray(12, end + 4), ...addresses.map(address => recordOf(address, type))])
}

/** A name server on 127.0.0.1 with the replies that a test sets, with a TTL of 300 s. */
export const openFakeDns = async (): Promise<FakeDns> => {
  const replies = new Map<string, readonly DnsReply[]>()
  const counts = new Map<string, number>()
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { name, end } = readName(query)
    const type = query.readUInt16BE(end)
    const key = `${name} ${type}`
    const seen = counts.get(key) ?? 0
    counts.set(key, seen + 1)
    const list = replies.get(name) ?? ['NXDOMAIN']
    const reply = list[Math.min(seen, list.length - 1)] ?? 'NXDOMAIN'
    if (reply !== 'drop') socket.send(respond(query, end, type, reply), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    server: `127.0.0.1:${socket.address().port}`,
    answer: (name, ...list) => void replies.set(name, list),
    count: (name, type) => counts.get(`${name} ${type === 'A' ? TYPE_A : TYPE_AAAA}`) ?? 0,
    [Symbol.asyncDispose]: async () => {
      socket.close()
      await once(socket, 'close')
    },
  }
}
