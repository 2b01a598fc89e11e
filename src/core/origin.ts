/** Where a connection leads: the parts of a URL that say so. */
export interface Origin {
  protocol: 'http:' | 'https:'
  /** A name, or an address without brackets. */
  hostname: string
  port: number
  /** As in the `Host` header: with the port unless it is the scheme's, IPv6 in brackets. */
  host: string
}

/** The parts of a URL that say where it leads. */
export const originOf = ({ protocol, hostname, port, host }: URL): Origin => {
  const isSecure = protocol === 'https:'
  return {
    protocol: isSecure ? 'https:' : 'http:',
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    host,
  }
}
