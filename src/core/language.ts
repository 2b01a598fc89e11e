/** What people read of the service: its explanations, its commands. */
export type Language = 'en' | 'zh'

/** A text in each language. */
export type Words = Readonly<Record<Language, string>>
