// The sound of an answer, its playhead, and what seeks in it. Media events do not bubble, but they can be captured.
(() => {
  const of = (node, what) => node.closest(".xser-answer")?.querySelector(what);
  const seek = (audio, seconds) => {
    audio.currentTime = seconds;
    audio.play();
  };
  const follow = (audio) => {
    const now = of(audio, ".wave .now");
    if (!now) return;
    now.style.left = `${(100 * audio.currentTime) / Number(of(audio, ".wave").dataset.seconds)}%`;
    now.style.opacity = 1;
    if (!audio.paused) requestAnimationFrame(() => follow(audio));
  };
  for (const event of ["play", "seeked", "timeupdate"])
    document.addEventListener(event, ({ target }) => target.matches?.(".xser-answer audio") && follow(target), true);
  document.addEventListener("click", ({ target, clientX }) => {
    const wave = target.closest?.(".xser-answer .wave");
    const button = target.closest?.(".xser-answer [data-at]");
    if (button) seek(of(button, "audio"), Number(button.dataset.at));
    if (!wave) return;
    const { left, width } = wave.getBoundingClientRect();
    seek(of(wave, "audio"), ((clientX - left) / width) * Number(wave.dataset.seconds));
  });
})();
