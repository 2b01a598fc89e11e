import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

const PATIENCE_MS = 60_000

/** Interactive, with nothing of the user's own, and with their jobs in their process group, so that all end together. */
const ARGUMENTS = { bash: ['--norc', '-i', '+m'], zsh: ['-f', '-i', '+m'] }
type Shell = keyof typeof ARGUMENTS
export const SHELLS = Object.keys(ARGUMENTS) as Shell[]

export const isInstalled = (shell: Shell): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0

/** A shell that is fed pasted text. */
export const openTerminal = (shell: Shell, { cwd, env }: { cwd: string; env: Record<string, string> }) => {
  const { PATH = '' } = process.env
  const child = spawn(shell, ARGUMENTS[shell], { cwd, env: { PATH, HOME: cwd, ...env }, detached: true })
  const ended = once(child, 'close')
  let text = ''
  const looks = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part
      for (const look of looks) look()
    })

  return {
    /** All that has been printed. */
    text: () => text,
    /** Pastes commands, and presses Enter. */
    paste: (commands: string): void => void child.stdin.write(`${commands}\n`),
    /** Resolves with the match, as soon as it is printed. */
    shows: (pattern: RegExp): Promise<RegExpExecArray> =>
      new Promise((resolve, reject) => {
        const patience = setTimeout(() => reject(new Error(`no ${pattern} in: ${text}`)), PATIENCE_MS)
        const look = () => {
          const found = pattern.exec(text)
          if (!found) return
          clearTimeout(patience)
          resolve(found)
        }
        looks.add(look)
        look()
        ended.then(() => reject(new Error(`ended without ${pattern}: ${text}`)), reject)
      }),
    [Symbol.asyncDispose]: async () => {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
      await ended
    },
  }
}
