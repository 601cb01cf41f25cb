#!/bin/sh
# Alertmanager reads no environment: this puts the receiver's address into its configuration.
set -eu
address=$(printf %s "$ALERT_WEBHOOK" | sed 's/[&|\\]/\\&/g')
sed "s|http://webhook.invalid/|$address|" /etc/alertmanager/alertmanager.yml >/tmp/alertmanager.yml
exec /bin/alertmanager --config.file=/tmp/alertmanager.yml "$@"
