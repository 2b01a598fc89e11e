import { Resolver } from 'node:dns/promises'

/**
 * Preloaded into a service under a benchmark: its resolvers use the benchmark's name server instead of the system's.
 * The service itself has no such setting.
 */
const { resolve4 } = Resolver.prototype
const server = process.env.BENCH_NAME_SERVER ?? ''
const isSet = new WeakSet<Resolver>()

Resolver.prototype.resolve4 = function (this: Resolver, ...query: unknown[]) {
  if (!isSet.has(this)) this.setServers([server])
  isSet.add(this)
  return (resolve4 as (...args: unknown[]) => Promise<never>).apply(this, query)
} as typeof resolve4
