"""The media hub: forwards sound and pictures between seats without decoding them.

From the wire upwards: `port`, `stun`, `dtls`, `srtp`, `transport` (datagrams); `rtp`, `rtcp`,
`nack`, `twcc`, `vp8` (packets); `track`, `lane`, `connection` (forwarding); `room`,
`recording`, `hub` (people and seats); `server`, `remote`, `process` (another process).
"""
