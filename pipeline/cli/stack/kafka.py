"""Apache Kafka: one node that is broker and controller at once (KRaft)."""

from __future__ import annotations

from pipeline.cli.stack.plan import LOOPBACK, ConfigFile, Server, StackPlan, Step, Tools

HEAP = "512m"
CLUSTER_ID = "aW5zYS1paW90LWxvY2FsMA"
NODE_ID = 1


def kafka_config(plan: StackPlan) -> str:
    """Return server.properties. Time stamping and retention are set per topic, by whoever creates it."""
    client, controller = f"{LOOPBACK}:{plan.kafka_port}", f"{LOOPBACK}:{plan.kafka_controller_port}"
    return f"""\
process.roles=broker,controller
node.id={NODE_ID}
controller.quorum.voters={NODE_ID}@{controller}
controller.listener.names=CONTROLLER
listeners=CLIENT://{client},CONTROLLER://{controller}
advertised.listeners=CLIENT://{client}
listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENT
log.dirs={plan.directory / "kafka" / "data"}

auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1

# A group of workers starts at once, and a dead worker is noticed within its session of ten seconds.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000

# Small machines: few threads, and files that are not cut into pieces of a gigabyte.
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
log.segment.bytes=134217728
log.cleaner.dedupe.buffer.size=33554432
log.retention.check.interval.ms=60000

# A killed node may register again only when the controller has given it up: nine seconds by default.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
"""


def java_command(tools: Tools, heap: str, main_class: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs a class out of Kafka's jars."""
    return (
        tools.java,
        f"-Xmx{heap}", f"-Xms{heap}", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={tools.kafka_log_config}",
        "-cp", f"{tools.kafka_jars}/*",
        main_class, *arguments,
    )  # fmt: skip


def kafka_server(plan: StackPlan, tools: Tools) -> Server:
    """Describe the node."""
    directory = plan.directory / "kafka"
    config = directory / "server.properties"
    return Server(
        name="kafka",
        directory=directory,
        port=plan.kafka_port,
        command=java_command(tools, HEAP, "kafka.Kafka", str(config)),
        files=(ConfigFile(config, kafka_config(plan)),),
        steps=(
            Step(
                directory / "data" / "meta.properties",
                java_command(
                    tools, "128m", "kafka.tools.StorageTool",
                    "format", "--cluster-id", CLUSTER_ID, "--config", str(config), "--ignore-formatted",
                ),
            ),
        ),
        inner_ports=(plan.kafka_controller_port,),
    )  # fmt: skip
