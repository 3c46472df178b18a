/**
 * A URL as logs and errors may show it: without who calls there and with which password, also where that stands among the parameters.
 * Up to the last @, because whoever writes a password by hand may forget to encode it.
 */
export const shownUrl = (url: string): string =>
  url.replace(/^([^/]*\/\/)(?!\/).*@/s, "$1…@").replace(/([?&][^=&#]*pass[^=&#]*=)[^&#]*/gi, "$1…");
