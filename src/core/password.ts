import { hash } from 'node:crypto'

/**
 * GetResult's dynamic password: lower-case hex `md5(apiId + apiKey + 'idface' + time)`, UTF-8, no separators.
 * The vendor's formula has a name and an ID number between `idface` and the time; both are empty for this call.
 *
 * @param time Unix seconds: the same number that is sent as `time`
 */
export const dynamicPassword = ({ apiId, apiKey, time }: { apiId: string; apiKey: string; time: number }): string =>
  hash('md5', `${apiId}${apiKey}idface${time}`)
