# what: SHELL
# is: builds
# says: bash
FROM debian:bookworm-slim
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN [[ -n $BASH_VERSION ]] && echo bash > /result
CMD cat /result
