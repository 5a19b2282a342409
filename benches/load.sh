#!/usr/bin/env bash
# CPU per step, side by side: nginx and a bare Pingora proxy passing it through, and stepgate doing
# its work on it: alone and in batches, over each transport, to each kind of endpoint.
#
# Whole processes, interleaved rounds, medians: this machine's speed drifts, so compare within one
# run and quote ratios. ROUNDS and SECONDS_EACH may be set.
# shellcheck source=benches/lib.sh
source "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-2} connections=64
endpoint=19100 proxy=19101 quiet=19102 logging=19103 bare=19104 secure=19105 bare_secure=19106
lines=100 # Steps in a batch.
passthrough=$(bench passthrough)
numbers=$results/cpu.csv

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench \
    -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null

webhook() { # folder, id, endpoint, the rest
    cat >"$work/$1/conf/webhooks/$2.toml" <<CONF
name = "$2"
method = "POST"
endpoint = "$3/hooks/{{#urlEncode}}{{email}}{{/urlEncode}}"
$4
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
CONF
}

gateway() { # folder, port, log level
    gateway_conf "$1" "$2" "$3" "ca_file = \"$work/cert.pem\""
    local plain=http://127.0.0.1:$endpoint tls=https://127.0.0.1:$secure
    local basic=$'[auth]\ntype = "basic"\ntoken = "abc"'
    local custom=$'[body]\njson = \'\'\'{"campaignName": "Spring Launch 2026", "firstName": "{{firstName}}"}\'\'\''
    webhook "$1" t $plain "$basic"$'\n'"$custom"
    webhook "$1" https $tls "$basic"$'\n'"$custom"
    webhook "$1" oauth $plain "$custom
[auth]
type = \"oauth2\"
client_id = \"bench\"
client_secret = \"bench\"
token_url = \"$plain/token\""
    webhook "$1" form $plain "$basic"$'\n[body]\nformat = "form"\n[body.form]\ncampaignName = "Spring Launch 2026"\nfirstName = "{{firstName}}"'
    webhook "$1" heavy $plain "$basic"$'\n[body]\njson = \'\'\'{"at": "{{now}}", "name": "{{capitalize firstName}} {{upper lastName}}", "items": [{{#each items}}{"sku": "{{lower sku}}", "price": {{price}}, "first": {{@first}}}{{#unless @last}},{{/unless}}{{/each}}], "offer": "{{#if promotionId}}{{buttonName}} ({{promotionId}}){{else}}none{{/if}}", "link": "{{#urlEncode}}{{buttonUrl}}{{/urlEncode}}", "digest": "{{sha256 email}}", "total": "{{numberFormat total "#,##0.00"}}"}\'\'\''
    {
        printf 'workflow_id = 12345\nname = "Welcome Sequence"\n'
        for id in t https oauth form heavy; do
            printf '[[tiles]]\nid = "%s"\ntype = "webhook"\nwebhook = "%s"\n' $id $id
        done
    } >"$work/$1/conf/journeys/welcome.toml"
}

for id in t https oauth form heavy; do
    script step-$id "${step/welcome\/t/welcome/$id}" application/json
done
script batch "$step" application/x-ndjson
echo "wrk.body = string.rep(wrk.body .. '\\n', $lines)" >>"$work/batch.lua"
printf '%s' "$step" >"$work/step.json"

token='{"access_token":"t","token_type":"Bearer","expires_in":3600}'
answers="location / { return 200 ok; } location /token { default_type application/json; return 200 '$token'; }"
nginx_conf endpoint "server { listen 127.0.0.1:$endpoint; $answers }
server { listen 127.0.0.1:$secure ssl; ssl_protocols TLSv1.3; ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem; $answers }"
nginx_conf proxy "upstream e { server 127.0.0.1:$endpoint; keepalive 128; }
server { listen 127.0.0.1:$proxy; location / { proxy_pass http://e; proxy_http_version 1.1; proxy_set_header Connection ''; } }"
gateway quiet "$quiet" warn
gateway logging "$logging" info
"$stepgate" check "$work/logging/conf" >"$work/check" || { cat "$work/check" >&2; exit 1; }

start 1 "$work/nginx" endpoint nginx -c "$work/nginx/endpoint.conf"
ready $endpoint
start 0 "$work/nginx" proxy nginx -c "$work/nginx/proxy.conf" && nginx_pid=$!
start 0 "$work/nginx" bare "$passthrough" 127.0.0.1:$bare 127.0.0.1:$endpoint && bare_pid=$!
start 0 "$work/nginx" bare-tls "$passthrough" 127.0.0.1:$bare_secure 127.0.0.1:$secure tls && bare_tls_pid=$!
start 0 "$work/quiet" quiet "$stepgate" serve && quiet_pid=$!
start 0 "$work/logging" logging "$stepgate" serve && logging_pid=$!
for port in $proxy $bare $bare_secure $quiet $logging; do ready "$port"; done

# A refusal that is answered fast is no benchmark.
for id in t https oauth form heavy; do
    answer=$(curl -s -d "${step/welcome\/t/welcome/$id}" -H 'content-type: application/json' "http://127.0.0.1:$logging/v1/steps")
    if [[ $answer != *'"outcome":"continue"'* ]]; then
        echo "welcome/$id: $answer" >&2
        exit 1
    fi
done

wrk_row() { # name, port, pid, script, seconds
    round "$1" "$3" "$5" 1 with_wrk "http://127.0.0.1:$2/v1/steps" "$4" $connections "$5"
}

all() { # seconds
    local url=http://127.0.0.1:$logging/v1/steps
    wrk_row nginx-pass-through $proxy "$nginx_pid" step-t "$1"
    wrk_row pingora-pass-through $bare "$bare_pid" step-t "$1"
    wrk_row stepgate $logging "$logging_pid" step-t "$1"
    wrk_row stepgate-log-warn $quiet "$quiet_pid" step-t "$1"
    round stepgate-batches "$logging_pid" "$1" $lines with_wrk $url batch 1 "$1"
    round stepgate-batches-log-warn "$quiet_pid" "$1" $lines with_wrk http://127.0.0.1:$quiet/v1/steps batch 1 "$1"
    wrk_row pingora-pass-through-https $bare_secure "$bare_tls_pid" step-t "$1"
    for id in https oauth form heavy; do
        wrk_row stepgate-$id $logging "$logging_pid" step-$id "$1"
    done
    # One load for the three, since wrk speaks one of them only.
    H1=1 round stepgate-tcp "$logging_pid" "$1" 1 with_h2load $url http://127.0.0.1:$logging $connections 1 "$1"
    H1=1 round stepgate-unix "$logging_pid" "$1" 1 with_h2load $url "unix:$work/logging.sock" $connections 1 "$1"
    round stepgate-h2c "$logging_pid" "$1" 1 with_h2load $url http://127.0.0.1:$logging 4 16 "$1"
}

all 1 && rm "$work"/*.rounds # A warm-up that is not counted.
for _ in $(seq "$rounds"); do all "$seconds"; done

nginx=$(cpu_of nginx-pass-through) pingora=$(cpu_of pingora-pass-through)
echo 'row,cpu_us_per_step,steps_per_second,of_nginx,of_pingora' >"$numbers"
for name in nginx-pass-through pingora-pass-through stepgate stepgate-log-warn stepgate-batches \
    stepgate-batches-log-warn pingora-pass-through-https stepgate-https stepgate-oauth stepgate-form \
    stepgate-heavy stepgate-tcp stepgate-unix stepgate-h2c; do
    awk -v name=$name -v cpu="$(cpu_of $name)" -v rate="$(rate_of $name)" -v n="$nginx" -v p="$pingora" \
        'BEGIN { printf "%s,%s,%s,%.2f,%.2f\n", name, cpu, rate, cpu / n, cpu / p }' >>"$numbers"
done
column -s, -t "$numbers"
