# The grader as an image, for machines that have Docker but no Python of today: `docker build -t dockgrader .`
# How to run it, and why with which rights: docs/how-to/container.md
FROM python:3.11-slim AS build
# Pip's own settings, for a build without a network: PIP_NO_INDEX=1, and a folder of the checkout with wheels.
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
COPY . /build
RUN python3 -m venv /opt/dockgrader \
    && /opt/dockgrader/bin/pip install --no-cache-dir /build \
    && python3 -m venv /opt/compose \
    && /opt/compose/bin/pip install --no-cache-dir --no-deps --requirement /build/packaging/compose-v1.txt

FROM python:3.11-slim
COPY --from=build /opt/dockgrader /opt/dockgrader
COPY --from=build /opt/compose /opt/compose
RUN ln -s /opt/dockgrader/bin/dockgrader /opt/compose/bin/docker-compose /usr/local/bin/
ENV LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
# Nobody, until --user says who grades.
USER 65534:65534
ENTRYPOINT ["dockgrader"]
CMD ["--help"]
