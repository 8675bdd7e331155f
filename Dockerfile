# One image for the operator and the agents; docs/image.md says how to build it.

FROM node:24-trixie-slim AS base

# The kernel programs. They find the fields of the node's kernel when they are loaded, so no kernel's headers are needed.
FROM base AS bpf
RUN apt-get update && apt-get install -y --no-install-recommends clang libbpf-dev linux-libc-dev make
WORKDIR /weir/bpf
COPY bpf ./
RUN make tcp.bpf.o

FROM base AS bundle
WORKDIR /weir
COPY package.json package-lock.json ./
# As scripts/setup does it, and for its reasons.
RUN npm install --no-save --no-audit --no-fund --ignore-scripts
COPY LICENSE ./
COPY crds crds
COPY scripts/bundle.ts scripts/
COPY scripts/bundle scripts/bundle
COPY src src
COPY --from=bpf /weir/bpf/tcp.bpf.o bpf/
RUN node scripts/bundle.ts

FROM base
RUN apt-get update \
  && apt-get install -y --no-install-recommends libbpf1 \
  && apt-get clean \
  && rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log
COPY --from=bundle /weir/dist /opt/weir
RUN ln -s /opt/weir/bin/weir /usr/local/bin/weir
# Nobody's number. The operator needs no rights on its node; the agents' pods ask for root themselves.
USER 65532:65532
ENTRYPOINT ["weir"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Weir" \
  org.opencontainers.image.description="Network flows of the pods you select, captured with eBPF, named exactly, and accounted for" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION"
