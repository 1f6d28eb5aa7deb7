import Testing

@testable import APISupport

@Suite struct MetricsTests {
    @Test("counters, gauges and histograms are written as Prometheus reads them")
    func exposition() {
        let metrics = Metrics()
        let requests = MetricFamily("requests_total", .counter, "Requests.")
        metrics.increment(requests, ["path": "/b", "code": "200"])
        metrics.increment(requests, ["path": "/a\"\\\n", "code": "200"], by: 2.5)
        metrics.increment(requests, ["path": "/b", "code": "200"])
        let seconds = MetricFamily("seconds", .histogram(bounds: [0.5, 1]), "Seconds.")
        for value in [0.1, 0.5, 0.7, 9] { metrics.observe(seconds, [:], value) }
        let usage = MetricFamily("usage", .gauge, "Usage.")
        metrics.add { [MetricSample(usage, ["m": "x"], 0.25), MetricSample(usage, ["m": "y"], .infinity)] }
        #expect(
            metrics.exposition() == """
                # HELP requests_total Requests.
                # TYPE requests_total counter
                requests_total{path="/a\\"\\\\\\n",code="200"} 2.5
                requests_total{path="/b",code="200"} 2
                # HELP seconds Seconds.
                # TYPE seconds histogram
                seconds_bucket{le="0.5"} 2
                seconds_bucket{le="1"} 3
                seconds_bucket{le="+Inf"} 4
                seconds_sum 10.3
                seconds_count 4
                # HELP usage Usage.
                # TYPE usage gauge
                usage{m="x"} 0.25
                usage{m="y"} +Inf

                """)
    }
}
