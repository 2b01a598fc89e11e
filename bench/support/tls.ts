import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { LookupFunction } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { type Certificate, createAuthority } from '../../test/support/certificate.ts'
import { openFakeDns } from '../../test/support/fake-dns.ts'

export type Scheme = 'https' | 'http'

/** For calls to the hosts of a benchmark: the certificate authority to trust, and the addresses of names. */
export interface Trust {
  /** PEM. */
  ca: string
  /** A name server, `address:port`. */
  dns: string
}

const DOMAIN = 'bench.example'

/** A host of a benchmark; all of them are this machine, and have the same certificate. */
export const hostAt = (index: number): string => `h${index}.${DOMAIN}`

/** `https:` by name, or `http:` by address, as few would write it but tests. */
export const urlOf = (scheme: Scheme, port: number, { index = 0, path = '/hook' } = {}): string =>
  scheme === 'https' ? `https://${hostAt(index)}:${port}${path}` : `http://127.0.0.1:${port}${path}`

/** A certificate authority and a name server for this run, with this many hosts. */
export const openNames = async (hosts = 1) => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-tls-'))
  const authority = createAuthority(new Date())
  const caPath = join(folder, 'ca.pem')
  await writeFile(caPath, authority.cert)
  const dns = await openFakeDns()
  for (let index = 0; index < hosts; index++) dns.answer(hostAt(index), ['127.0.0.1'])
  return {
    certificate: authority.issue([`*.${DOMAIN}`, '127.0.0.1']),
    trust: { ca: authority.cert, dns: dns.server },
    /** For a process that is not the benchmark's own. */
    env: { NODE_EXTRA_CA_CERTS: caPath, BENCH_NAME_SERVER: dns.server },
    [Symbol.asyncDispose]: async () => {
      await dns[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export type Names = Awaited<ReturnType<typeof openNames>>

/** For a server: real receivers speak TLS 1.3. */
export const serverOptions = (certificate: Certificate) => ({ ...certificate, minVersion: 'TLSv1.3' as const })

/** Makes this process believe the authority. */
export const believe = ({ ca }: Trust): void => setDefaultCACertificates([...getCACertificates('bundled'), ca])

const toLoopback: LookupFunction = (_name, options, done) => {
  if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}

/** For undici's `connect`. Its names cost nothing. */
export const undiciConnect = ({ ca }: Trust) => ({ ca, lookup: toLoopback })
