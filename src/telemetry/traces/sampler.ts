import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'

/** Which traces are sent, by the names of `OTEL_TRACES_SAMPLER`; `ratio` is from 0 to 1. */
export interface Sampling {
  sampler: Root | `parentbased_${Root}`
  ratio: number
}
type Root = keyof typeof ROOTS

const ROOTS = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio: number) => new TraceIdRatioBasedSampler(ratio),
}
const PARENT_BASED = 'parentbased_'

export const createSampler = ({ sampler, ratio }: Sampling): Sampler => {
  const root = ROOTS[sampler.replace(PARENT_BASED, '') as Root](ratio)
  return sampler.startsWith(PARENT_BASED) ? new ParentBasedSampler({ root }) : root
}
