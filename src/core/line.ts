import type { Words } from './language.ts'

export const MAX_NAME = 100
export const MAX_REASON = 500

/** Whether no character breaks the line, or changes the direction of the text around it in a terminal, page or log. */
export const isHarmless = (text: string): boolean =>
  text.isWellFormed() && !/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text)

/** Returns a name or a reason as stored, one line that reads as it is written, or null if the text cannot be one. */
export const readLine = (text: string, longest: number): string | null => {
  const line = text.trim()
  return line !== '' && line.length <= longest && isHarmless(line) ? line : null
}

export const lineForm = (longest: number): Words => ({
  en: `must be a text of 1 to ${longest} characters, without control characters and those that change the writing direction`,
  zh: `须为 1 到 ${longest} 个字符的文本，不得含控制字符或改变书写方向的字符`,
})
