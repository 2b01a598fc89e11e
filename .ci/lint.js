// Whether GitHub's own parser takes the workflows, and gitlab-ci-local, which has GitLab's schema, takes .gitlab-ci.yml.
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

// The parser imports JSON as bundlers do, without saying that it is.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser')

const faults = []
for (const name of globSync('.github/workflows/*')) {
  const { context, value } = parseWorkflow({ name, content: readFileSync(name, 'utf8') }, new NoOperationTraceWriter())
  if (value) await convertWorkflowTemplate(context, value)
  faults.push(...context.errors.getErrors().map(({ message }) => message))
}

const gitlab = fileURLToPath(import.meta.resolve('gitlab-ci-local'))
const args = ['--list-json', '--state-dir', 'node_modules/.cache/gitlab-ci-local']
const { status, stderr } = spawnSync(process.execPath, [gitlab, ...args], { encoding: 'utf8' })
if (status !== 0) faults.push(`.gitlab-ci.yml: ${stderr}`)

for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exitCode = faults.length > 0 ? 1 : 0
