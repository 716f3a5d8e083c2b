# what: apt-get update and install, with a library that ldconfig caches
# is: builds
# says: tini 2026-01-02
# bases: "debian:bookworm" = "debian"
# frozen: "debs"
FROM debian:bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends libyaml-0-2 tini \
 && rm -rf /var/lib/apt/lists/*
RUN echo "$(tini --version | cut -d' ' -f1) $(date +%F)" > /result && ldconfig -p | grep -q libyaml
CMD ["cat", "/result"]
