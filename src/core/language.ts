/** What people read of the service: its explanations, its commands. */
export type Language = 'en' | 'zh'
