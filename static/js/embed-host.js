// For pages of other sites that show a simulator of this lab in a frame: makes each frame as high as what is in it. It listens
// to frames that came from where this script came from, and takes nothing from them but a height.
(() => {
  const home = new URL(/** @type {HTMLScriptElement} */ (document.currentScript).src).origin
  addEventListener('message', (event) => {
    const height = event.origin === home && event.data?.type === 'handshakelab.height' ? Number(event.data.height) : NaN
    if (!(height > 0)) return
    for (const frame of document.getElementsByTagName('iframe')) {
      if (frame.contentWindow === event.source) frame.style.height = `${Math.min(Math.ceil(height), 10000)}px`
    }
  })
})()
