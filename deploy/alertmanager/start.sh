#!/bin/sh
# Put the receiver's address into the configuration, because Alertmanager reads no environment.
set -eu
address=$(printf %s "$ALERT_WEBHOOK" | sed 's/[&|\\]/\\&/g')
sed "s|http://webhook.invalid/|$address|" /etc/alertmanager/alertmanager.yml >/tmp/alertmanager.yml
exec /bin/alertmanager --config.file=/tmp/alertmanager.yml "$@"
