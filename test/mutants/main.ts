import { availableParallelism } from 'node:os'
import { HOUR } from '../../src/core/duration.ts'
import { type Copy, openCopy, UNCLEAR } from './copy.ts'
import { type Mutant, pathsOf, problemsOf, readMutants } from './table.ts'

const USAGE = `npm run mutants [-- --check] [-- IDS]
  Plants each bug of test/mutants/*.txt, or those with these ids, into a copy of the project, and runs the tests that must find it.
  --check  says only whether the texts that are replaced are there, and the tests
`
const INTERRUPTED = 130
const say = (text: string) => process.stdout.write(`${text}\n`)

const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())

/**
 * The tests that are red without a mutant, and so show nothing: of all whole files at once, of those with `-t`
 * together, of each run of `chaos`.
 */
const redWithout = async (copy: Copy, mutants: readonly Mutant[]): Promise<string[]> => {
  const all = new Set(mutants.flatMap(one => one.layers))
  const runs = [...all].filter(layer => layer.startsWith('chaos'))
  for (const [, layers = []] of Map.groupBy(all, layer => /^test.* -t|^test/.exec(layer)?.[0])) {
    const named = layers.filter(layer => layer.startsWith('test/'))
    const names = named.flatMap(layer => layer.split(' -t ').slice(1)).join('|')
    const files = [...new Set(named.flatMap(pathsOf))].join(' ')
    if (files !== '') runs.push(names === '' ? files : `${files} -t ${names}`)
  }
  const red: string[] = []
  for (const layer of runs) red.push(...(await copy.run(layer, HOUR)))
  return red
}

/** The red test of the first layer that finds it; null: none does. */
const killerOf = async (copy: Copy, layers: readonly string[]): Promise<string | null> => {
  for (const layer of layers) {
    const [red] = await copy.run(layer.startsWith('test/') ? `${layer} --bail=1` : layer)
    if (red !== undefined) return red
  }
  return null
}

const run = async (copies: readonly Copy[], mutants: readonly Mutant[]): Promise<number> => {
  const red = await redWithout(copies[0] as Copy, mutants)
  if (red.length > 0) {
    say(`NOTHING SHOWN: red without a mutant:\n${red.join('\n')}`)
    return 1
  }
  const left = [...mutants]
  const alive: string[] = []
  const work = async (copy: Copy): Promise<void> => {
    for (let mutant = left.shift(); mutant; mutant = left.shift()) {
      const { id, what, file, layers } = mutant
      const begun = Date.now()
      const killer = await copy.with(mutant, () => killerOf(copy, layers))
      const isKilled = killer !== null && !killer.startsWith(UNCLEAR)
      const line = `${id} ${what} (${file})`
      const seconds = Math.round((Date.now() - begun) / 1_000)
      say(`${line}, ${seconds} s, ${isKilled ? 'killed by' : 'SURVIVED'} ${killer ?? layers.join('; ')}`)
      if (!isKilled) alive.push(line)
    }
  }
  await Promise.all(copies.map(work))
  say(alive.length === 0 ? `All ${mutants.length} killed.` : `${alive.length} of ${mutants.length} survived:`)
  for (const line of alive) say(line)
  return alive.length === 0 ? 0 : 1
}

const main = async (given: readonly string[]): Promise<number> => {
  if (given.includes('--help')) {
    process.stdout.write(USAGE)
    return 0
  }
  const all = readMutants()
  const ids = given.filter(one => one !== '--check')
  const unknown = ids.filter(id => all.every(one => one.id !== id))
  if (unknown.length > 0) {
    process.stderr.write(`There is no ${unknown.join(', ')}.\n${USAGE}`)
    return 2
  }
  const problems = problemsOf(all)
  if (problems.length > 0 || given.includes('--check')) {
    say(problems.length > 0 ? problems.join('\n') : `${all.length} mutants fit the code.`)
    return problems.length > 0 ? 1 : 0
  }
  const mutants = all.filter(({ id }) => ids.length === 0 || ids.includes(id))
  // Two processors each: the tests of one mutant use more than one.
  const workers = Math.min(mutants.length, Math.max(1, availableParallelism() >> 1))
  const copies = Array.from({ length: workers }, () => openCopy(stopping.signal))
  try {
    return await run(copies, mutants)
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    return INTERRUPTED
  } finally {
    for (const copy of copies) copy.remove()
  }
}

process.exitCode = await main(process.argv.slice(2))
