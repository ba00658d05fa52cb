FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.release=$VERSION" -o /lab ./server \
    && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
LABEL org.opencontainers.image.title="Handshake Lab" \
      org.opencontainers.image.description="An interactive learning lab for TCP connection management" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /lab /lab
COPY --from=build --chown=65532:65532 /data /data
ENV LAB_DATA=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s CMD ["/lab", "healthcheck"]
ENTRYPOINT ["/lab"]
