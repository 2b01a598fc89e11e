import { codeOf } from '../core/error.ts'
import type { Words } from '../core/language.ts'
import { buildProgram, type CommandFile, languageFor, type Section } from './program.ts'

interface Files {
  title: Words
  files: Readonly<Record<string, () => Promise<CommandFile>>>
}

/** The command files by the first word of their commands, in the order of help. */
const SECTIONS: readonly Files[] = [
  {
    title: { en: 'Run:', zh: '运行：' },
    files: {
      serve: () => import('./serve.ts'),
      demo: () => import('./demo/demo.ts'),
      simulate: () => import('./simulate.ts'),
    },
  },
  {
    title: { en: 'Look:', zh: '查看：' },
    files: {
      status: () => import('./status.ts'),
      doctor: () => import('./doctor/doctor.ts'),
      'notify-test': () => import('./notify-test.ts'),
    },
  },
  {
    title: { en: 'Registrations:', zh: '登记：' },
    files: {
      explain: () => import('./explain.ts'),
      registration: () => import('./registration.ts'),
      resend: () => import('./resend.ts'),
      deliveries: () => import('./deliveries.ts'),
      callback: () => import('./callback.ts'),
    },
  },
  {
    title: { en: 'Partners:', zh: '合作方：' },
    files: {
      partner: () => import('./partner.ts'),
      key: () => import('./key.ts'),
      secret: () => import('./secret.ts'),
    },
  },
  {
    title: { en: 'Accounts and operators:', zh: '上游账户与运维人员：' },
    files: {
      account: () => import('./account.ts'),
      'admin-token': () => import('./admin-token.ts'),
    },
  },
  {
    title: { en: 'Data:', zh: '数据：' },
    files: {
      migrate: () => import('./database.ts'),
      prune: () => import('./database.ts'),
      rekey: () => import('./database.ts'),
      backup: () => import('./backup.ts'),
      restore: () => import('./backup.ts'),
      move: () => import('./move.ts'),
    },
  },
]

/** @param only first word of the commands to load; left out: all commands */
export const loadSections = async (only?: string): Promise<Section[]> =>
  Promise.all(
    SECTIONS.map(async ({ title, files }) => {
      const wanted = Object.entries(files).filter(([name]) => only === undefined || name === only)
      const loaded = wanted.map(async ([name, load]) => {
        const { commands, ...file } = await load()
        return [name, { ...file, commands: commands.filter(({ path }) => path.split(' ')[0] === name) }] as const
      })
      return { title, files: Object.fromEntries(await Promise.all(loaded)) }
    }),
  )

/** An ended reader of a pipe, such as `head`, ends no command: it runs to its end and keeps its exit code. */
const passEndedReader = (error: Error): void => {
  if (codeOf(error) !== 'EPIPE') throw error
}

/** Runs the typed command. */
export const runCommand = async (): Promise<void> => {
  // Created files (database, log, key, backups) are readable by their user only.
  process.umask(0o077)
  const args = process.argv.slice(2)
  // The service logs by `writeSync`, not through these streams.
  if (args[0] !== 'serve')
    for (const stream of [process.stdout, process.stderr])
      stream.off('error', passEndedReader).on('error', passEndedReader)
  const isKnown = SECTIONS.some(({ files }) => args[0] !== undefined && args[0] in files)
  const sections = await loadSections(isKnown ? args[0] : undefined)
  await buildProgram(sections, languageFor(args, process.env)).run()
}
