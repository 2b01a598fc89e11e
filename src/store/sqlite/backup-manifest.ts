import { createHash } from 'node:crypto'
import { createReadStream, readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { codeOf } from '../../core/error.ts'
import { BackupError } from '../backup-problem.ts'

const COUNT = z.number().int().nonnegative()

/** What stands beside a backup, as JSON. A later version may add fields. */
const MANIFEST = z.object({
  format: z.literal(1),
  /** Of which moment it is. */
  at: z.iso.datetime(),
  /** Of the program that made it. */
  version: z.string(),
  /** When the newest migration of its schema was made, epoch ms. */
  schema: COUNT,
  bytes: COUNT,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Rows, by table. */
  counts: z.record(z.string(), COUNT),
  /** The first bytes of the SHA-256 of the master key. */
  masterKey: z.string().regex(/^[0-9a-f]{8}$/),
})

export type BackupManifest = z.output<typeof MANIFEST>

export const manifestPathOf = (backup: string): string => `${backup}.manifest.json`

export const formatManifest = (manifest: BackupManifest): string => `${JSON.stringify(manifest, null, 2)}\n`

/** Throws where there is none beside the backup, and where what is there is none. */
export const readManifest = (backup: string): BackupManifest => {
  const path = manifestPathOf(backup)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = String(codeOf(error))
    throw new BackupError(code === 'ENOENT' ? { kind: 'no_manifest', path } : { kind: 'not_readable', path, code })
  }
  const parsed = MANIFEST.safeParse(jsonOf(text))
  if (!parsed.success) throw new BackupError({ kind: 'bad_manifest', path })
  return parsed.data
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The SHA-256 of the file, in hex. */
export const hashOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return hash.digest('hex')
}
