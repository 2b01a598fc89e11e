import { createCipheriv, createHmac } from 'node:crypto'

const HASH_BYTES = 32
const HANDSHAKE = 22
const APPLICATION_DATA = 23
const NEW_SESSION_TICKET = 4

const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
const sized = (lengthBytes: 1 | 2 | 3, body: Buffer) => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length.subarray(4 - lengthBytes), body])
}

/** HKDF-Expand-Label (RFC 8446, 7.1) without a context. */
const expand = (secret: Buffer, label: string, length: number): Buffer => {
  const info = Buffer.concat([u16(length), sized(1, Buffer.from(`tls13 ${label}`)), sized(1, Buffer.alloc(0))])
  return createHmac('sha256', secret)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, length)
}

/**
 * Writes TLS 1.3 records of a server as a hostile one could: for TLS_AES_128_GCM_SHA256, from the line of its `keylog` that
 * names SERVER_TRAFFIC_SECRET_0.
 *
 * @param sequence how many records the server itself has sent since its Finished
 */
export const createRecordWriter = (keylogLine: string, sequence: number) => {
  const secret = Buffer.from(keylogLine.trim().split(' ')[2] ?? '', 'hex')
  if (secret.length !== HASH_BYTES) throw new Error('not a secret of TLS_AES_128_GCM_SHA256')
  const [key, iv] = [expand(secret, 'key', 16), expand(secret, 'iv', 12)]
  let next = sequence

  const recordOf = (type: number, content: Buffer): Buffer => {
    const nonce = Buffer.from(iv)
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ next++) >>> 0, 8)
    const head = Buffer.concat([Buffer.from([APPLICATION_DATA, 3, 3]), u16(content.length + 1 + 16)])
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(head)
    return Buffer.concat([
      head,
      cipher.update(content),
      cipher.update(Buffer.from([type])),
      cipher.final(),
      cipher.getAuthTag(),
    ])
  }

  return {
    /** A session ticket that the server will not know. */
    ticket: (): Buffer => {
      const lifetimeAndAge = Buffer.from([0, 0, 28, 32, 1, 2, 3, 4])
      const nonce = Buffer.alloc(8)
      nonce.writeUInt32BE(next)
      const body = Buffer.concat([
        lifetimeAndAge,
        sized(1, nonce),
        sized(2, Buffer.alloc(200, 7)),
        sized(2, Buffer.alloc(0)),
      ])
      return recordOf(HANDSHAKE, Buffer.concat([Buffer.from([NEW_SESSION_TICKET]), sized(3, body)]))
    },
  }
}
