# syntax=docker/dockerfile:1
# Two images: `worker` (no PyTorch, no archive formats) and `archive` (with the extras that read
# observatory files and past days, for calibrate, replay, history and the page).
# The tag fixes Python's minor version and Debian's release; a new build takes patches of both.
FROM python:3.11-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY archive archive
COPY exports exports
COPY geofield geofield
COPY monitor monitor
COPY support support
COPY training training
RUN pip wheel --no-deps --wheel-dir /wheels .
RUN wheel="$(echo /wheels/*.whl)" && python -P -m venv /opt/magwatch \
    && /opt/magwatch/bin/pip install "${wheel}[ingest,seedlink]"

FROM build AS build-archive
RUN wheel="$(echo /wheels/*.whl)" && /opt/magwatch/bin/pip install "${wheel}[past]"
# Observatory days for a trial, where the compose file expects them: files of geomagpy, which needs
# half a gigabyte of packages to run and is not run here.
RUN /opt/magwatch/bin/pip install --no-deps "geomagpy>=2.0.2,<3" \
    && ln -s lib/python3.11/site-packages/magpy/examples /opt/magwatch/examples

FROM python:3.11-slim-trixie AS base
ENV PATH=/opt/magwatch/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
# New named volumes at /profiles and /history get this owner.
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin magwatch \
    && install --directory --owner=magwatch --group=magwatch /profiles /history
USER 10001:10001
EXPOSE 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["magwatch"]
CMD ["worker"]

FROM base AS archive
COPY --from=build-archive /opt/magwatch /opt/magwatch

FROM base AS worker
COPY --from=build /opt/magwatch /opt/magwatch
