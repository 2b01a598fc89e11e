import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../..')

/** A bug of `src`: a text that is replaced, and the tests that have to turn red then. */
export interface Mutant {
  id: string
  what: string
  /** The path of the file, from the root. */
  file: string
  old: string
  new: string
  /** The first that turns red has found it: files and options of vitest, or `chaos` and its options. */
  layers: string[]
}

const HEAD = /^(?:(?<file>src\/\S+) )?(?<id>[a-z]\d\d) (?<what>.+?)(?:: (?<by>(?:test\/|chaos ).+))?$/

/** Reads the `*.txt` beside this file, as the README beside it explains. */
export const readMutants = (): Mutant[] => {
  const texts = globSync('*.txt', { cwd: import.meta.dirname }).sort()
  const lines = texts.flatMap(name =>
    readFileSync(join(import.meta.dirname, name), 'utf8')
      .trim()
      .split('\n'),
  )
  const mutants: (Omit<Mutant, 'old' | 'new'> & { was: string[]; is: string[] })[] = []
  let [ofFile, byFile] = ['', '']
  for (const line of lines) {
    const [sign, text] = [line.slice(0, 2), line.slice(2)]
    const [head, last] = [HEAD.exec(line)?.groups, mutants.at(-1)]
    if (head) {
      const { id = '', what = '', file = ofFile, by = byFile } = head
      if (head.file !== undefined) [ofFile, byFile] = [file, by]
      mutants.push({ id, what, file, layers: by.split('; '), was: [], is: [] })
    } else if (sign === '= ') last?.was.push(...text.split(' ⇒ ', 1)) && last.is.push(...text.split(' ⇒ ').slice(1))
    else if (sign === '- ') last?.was.push(text)
    else if (sign === '+ ') last?.is.push(text)
    else throw new Error(`neither a mutant nor a text of one: ${line}`)
  }
  return mutants.map(({ was, is, ...one }) => ({ ...one, old: was.join('\n'), new: is.join('\n') }))
}

/** The files and folders of tests that a layer runs. */
export const pathsOf = (layer: string): string[] => layer.split(' ').filter(word => word.startsWith('test/'))

/** Why a table does not fit the code. */
export const problemsOf = (mutants: readonly Mutant[]): string[] =>
  mutants.flatMap(({ id, file, old, new: instead, layers }, i) => {
    const times = existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8').split(old).length - 1 : 0
    const missing = layers.flatMap(pathsOf).filter(path => !existsSync(join(ROOT, path)))
    return [
      ...(old !== '' && times === 1 ? [] : [`${id}: what it replaces stands ${times} times in ${file}`]),
      ...(old === instead ? [`${id} changes nothing`] : []),
      ...missing.map(path => `${id}: there is no ${path}`),
      ...(mutants.findIndex(one => one.id === id) < i ? [`${id} is there twice`] : []),
    ]
  })
