// Generators build their code with the compiler API that TypeScript 7 has no more. For them `typescript` is the version before it,
// which @ts-morph/common has inside: two packages of the name would fight for `tsc`.
import { registerHooks } from 'node:module'

const API = `data:text/javascript,export { ts as default } from '${import.meta.resolve('@ts-morph/common')}'`

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'typescript' ? { url: API, shortCircuit: true } : next(specifier, context),
})
