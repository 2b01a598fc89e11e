import type { SdkOptions } from './sdk.ts'
import type { Traces } from './tracer.ts'

/** As the settings name them. */
interface TraceSettings extends Omit<SdkOptions, 'endpoint' | 'sampling'> {
  /** Null: there are no traces. */
  endpoint: string | null
  disabled: boolean
  sampler: SdkOptions['sampling']['sampler']
  samplerRatio: number
}

/** Null, and nothing of OpenTelemetry is loaded, unless there is an endpoint. */
export const openTraces = async (settings: TraceSettings): Promise<Traces | null> => {
  const { endpoint, disabled, sampler, samplerRatio: ratio, ...options } = settings
  if (endpoint === null || disabled) return null
  const { openSdk } = await import('./sdk.ts')
  return openSdk({ ...options, endpoint, sampling: { sampler, ratio } })
}
