import { runCli } from './run-cli.ts'
import { openFolder } from './service.ts'

/** Commands on a database of their own. */
export const openCli = async () => {
  const folder = await openFolder()
  const at = { cwd: folder.path, env: { DATABASE_URL: 'file:notifier.db' } }
  const run = (...args: string[]) => runCli(args, at)
  const runJson = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await run(...args, '--json')
    if (code !== 0) throw new Error(`exit ${code}: ${stderr}`)
    return JSON.parse(stdout) as T
  }
  return { ...folder, run, runJson }
}
