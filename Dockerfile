# syntax=docker/dockerfile:1
#
#   docker build -t kokoro-wyoming .
#   docker run --network host -v kokoro-models:/data/models -v kokoro-voices:/data/voices kokoro-wyoming
#
# Arguments after the image's name go to kokoro-wyoming. With the network of the host, Home Assistant finds the server
# by itself; without (-p 10200:10200 -p 8880:8880), set discovery.advertise_host in the settings to the address of the host.
#
# Build arguments:
#   TORCH            cuda: PyTorch's build for NVIDIA cards, gigabytes more; cpu: its build for the processor.
#   KOKORO_LANGUAGES the languages in the image, such as "en fr"; all unless set.
#   BAKE_WEIGHTS     true: weights and voices are in the image, and no start needs a network.
#   PYTHON_VERSION   3.10 to 3.14.

ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ARG TORCH=cpu
ARG KOKORO_LANGUAGES=
ARG BAKE_WEIGHTS=false
ENV KOKORO_WYOMING_HOME=/data
WORKDIR /opt/kokoro-wyoming
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip scripts/setup_venv.sh
# For `strip`; any version will do, and none is in the image.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
RUN scripts/slim_venv.sh
RUN mkdir -p /data/models /data/voices && \
    if [ "$BAKE_WEIGHTS" = true ]; then .venv/bin/kokoro-wyoming fetch; fi

FROM python:${PYTHON_VERSION}-slim-bookworm AS server
COPY --from=build /opt/kokoro-wyoming /opt/kokoro-wyoming
COPY --from=build --chown=10001:10001 /data /data
LABEL org.opencontainers.image.title="kokoro-wyoming" \
      org.opencontainers.image.description="Kokoro's voices for Home Assistant and every other Wyoming client" \
      org.opencontainers.image.licenses="Apache-2.0"
# USER and HOME because nobody in /etc/passwd has this number, and libraries ask for both.
ENV PATH=/opt/kokoro-wyoming/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KOKORO_WYOMING_HOME=/data \
    USER=kokoro \
    HOME=/data
USER 10001:10001
WORKDIR /data
VOLUME ["/data/models", "/data/voices"]
EXPOSE 10200 8880
# The first start fetches some hundred megabytes.
HEALTHCHECK --interval=30s --timeout=10s --start-period=900s --retries=3 CMD ["kokoro-wyoming", "health"]
# In this form Python is process 1, and hears SIGTERM.
ENTRYPOINT ["kokoro-wyoming"]
CMD ["serve"]
