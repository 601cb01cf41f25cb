"""An Apache Kafka that asks for TLS, a login and permissions, and the certificates for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from monitor.kafka.embedded_broker import free_port
from tests.brokers import KafkaProcess

PASSWORDS = {
    name: f"{name}-secret-of-the-test"
    for name in ("admin", "setup", "worker", "station", "reader", "history")
}
DAYS = "2"


class SecuredKafka(KafkaProcess):
    """SASL_SSL for clients, PLAIN and SCRAM-SHA-512; nothing is allowed that no ACL allows."""

    def _prepare(self) -> None:
        make_certificates(self._folder)
        self._config.write_text(
            _configuration(self._folder, self._port, free_port(), free_port()), encoding="utf-8"
        )
        users = [
            f"--add-scram=SCRAM-SHA-512=[name={name},password={password}]"
            for name, password in PASSWORDS.items()
        ]
        storage = ("kafka.tools.StorageTool", "format", "-t", "sm7NNf_QSVG4SVQXCYdiGg")
        self._run(*storage, *users, "-c", str(self._config))

    @property
    def authority(self) -> Path:
        """Certificate of whoever signed the broker's."""
        return self._folder / "ca.pem"


def make_certificates(folder: Path) -> None:
    """`ca.pem`, and `broker.pem` with key and certificate of 127.0.0.1, signed by it."""
    extension = folder / "san.cnf"
    extension.write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-x509", *key, "-days", DAYS, "-subj", "/CN=ca of a test",
             "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
    _openssl(folder, "req", *key, "-subj", "/CN=127.0.0.1", "-keyout", "broker.key",
             "-out", "broker.csr")  # fmt: skip
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san.cnf")
    _openssl(folder, "x509", "-req", "-in", "broker.csr", *signed, "-days", DAYS,
             "-out", "broker.crt")  # fmt: skip
    parts = [(folder / name).read_text() for name in ("broker.key", "broker.crt", "ca.pem")]
    (folder / "broker.pem").write_text("".join(parts), encoding="utf-8")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _configuration(folder: Path, port: int, inner: int, controller: int) -> str:
    plain = " ".join(f'user_{name}="{password}"' for name, password in PASSWORDS.items())
    modules = "org.apache.kafka.common.security"
    return f"""
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{inner},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{port},INTERNAL://127.0.0.1:{inner}
listener.security.protocol.map=CLIENTS:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.clients.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
listener.name.clients.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required {plain};
ssl.keystore.type=PEM
ssl.keystore.location={folder / "broker.pem"}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
log.dirs={folder / "data"}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""
