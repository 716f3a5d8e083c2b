# what: apt-get install of a package that is not frozen
# is: fails: Unable to locate package jq
# bases: "debian:bookworm" = "debian"
# frozen: "debs"
FROM debian:bookworm
RUN apt-get update && apt-get install -y jq
CMD ["true"]
