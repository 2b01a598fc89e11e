import { type AccountScript, judgeStep, NOT_FOUND, type Script, type Step } from './script.ts'

/** A script for all serials without one, or a rule that gives one by serial. */
export type DefaultScript = Script | ((idcardid: string) => Script | null) | null

interface Bound {
  script: Script
  sinceMs: number
  calls: number
}

interface BookOptions {
  now: () => number
  fallback: DefaultScript
}

/** The scripts of serials and accounts, and how far each has come. */
export const createScriptBook = ({ now, fallback }: BookOptions) => {
  const bound = new Map<string, Bound>()
  const accounts = new Map<string, AccountScript & { left: number }>()
  let current = fallback

  const bind = (idcardid: string, script: Script): Bound => {
    const entry = { script, sinceMs: now(), calls: 0 }
    bound.set(idcardid, entry)
    return entry
  }

  const bindDefault = (idcardid: string): Bound | null => {
    const script = typeof current === 'function' ? current(idcardid) : current
    return script && bind(idcardid, script)
  }

  return {
    script: (idcardid: string, script: Script): void => {
      bind(idcardid, script)
    },
    setDefault: (script: DefaultScript): void => {
      current = script
    },
    account: (apiId: string, script: AccountScript | null): void => {
      if (script) accounts.set(apiId, { ...script, left: script.times ?? Number.POSITIVE_INFINITY })
      else accounts.delete(apiId)
    },
    stepOfAccount: (apiId: string): Step | null => {
      const script = accounts.get(apiId)
      if (!script || script.left < 1) return null
      script.left -= 1
      const { times: _times, left: _left, ...step } = script
      return step
    },
    stepOfSerial: (idcardid: string): Step => {
      const entry = bound.get(idcardid) ?? bindDefault(idcardid)
      if (!entry) return NOT_FOUND
      return judgeStep(entry.script, entry.calls++, now() - entry.sinceMs)
    },
    clear: (): void => {
      bound.clear()
      accounts.clear()
      current = fallback
    },
  }
}
