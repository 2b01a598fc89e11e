import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** A key and its certificate for a TLS server, both PEM. */
export interface Certificate {
  key: string
  cert: string
}

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
const sequence = (...parts: Buffer[]) => der(0x30, ...parts)
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))
const time = (date: Date) => der(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(0, 14)}Z`))
const nameOf = (text: string) => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))))
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'))
const BASIC_CONSTRAINTS_CA = sequence(
  oid('551d13'),
  der(0x01, Buffer.from([0xff])),
  der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
)
const altNames = (names: readonly string[]) => {
  const entries = names.map(name =>
    /^[\d.]+$/.test(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
  )
  return sequence(oid('551d11'), der(0x04, sequence(...entries)))
}

const DAY = 86_400_000

interface Issuer {
  subject: string
  key: KeyObject
}

const issue = (subject: string, extension: Buffer, { by, notAfter }: { by: Issuer | null; notAfter: Date }) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serial = randomBytes(8)
  serial.writeUInt8(0x40 | (serial.readUInt8() & 0x3f))
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ECDSA_SHA256,
    nameOf(by?.subject ?? subject),
    sequence(time(new Date(notAfter.getTime() - 30 * DAY)), time(notAfter)),
    nameOf(subject),
    createPublicKey(privateKey).export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(extension)),
  )
  const signature = sign('sha256', content, by?.key ?? privateKey)
  const base64 = sequence(content, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature)).toString('base64')
  return {
    privateKey,
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  }
}

/** A certificate authority made up on the spot. `names` are DNS names or IPv4 addresses. */
export const createAuthority = (now: Date) => {
  const subject = `Test ${randomBytes(4).toString('hex')}`
  const root = issue(subject, BASIC_CONSTRAINTS_CA, { by: null, notAfter: new Date(now.getTime() + 10 * DAY) })
  const by = { subject, key: root.privateKey }
  return {
    /** The certificate to trust. */
    cert: root.cert,
    issue: (names: readonly string[], notAfter = new Date(now.getTime() + 10 * DAY)): Certificate =>
      issue(names[0] ?? '', altNames(names), { by, notAfter }),
    /** Signed by itself. */
    selfSigned: (names: readonly string[]): Certificate =>
      issue(names[0] ?? '', altNames(names), { by: null, notAfter: new Date(now.getTime() + 10 * DAY) }),
  }
}
