import type { SdkOptions } from './sdk.ts'
import type { Traces } from './tracer.ts'

/** As the settings name them. */
interface TraceSettings extends Omit<SdkOptions, 'endpoint'> {
  /** Null: there are no traces. */
  endpoint: string | null
  disabled: boolean
}

/** Null, and nothing of OpenTelemetry is loaded, unless there is an endpoint. */
export const openTraces = async ({ endpoint, disabled, ...options }: TraceSettings): Promise<Traces | null> => {
  if (endpoint === null || disabled) return null
  const { openSdk } = await import('./sdk.ts')
  return openSdk({ ...options, endpoint })
}
