import Access
import Conversation
import Usage

/// What is measured about each generation, under the names that vLLM's dashboards and autoscalers read.
///
/// Names and bounds: vLLM's `vllm/v1/metrics/loggers.py`. `model_name` and `engine` are the labels that its dashboards
/// select by.
public struct GenerationMetrics: Sendable {
    private let metrics: Metrics
    private let usage: UsageRecorder?

    /// Records into a server's metrics, and into the records of who used what.
    public init(_ metrics: Metrics, usage: UsageRecorder? = nil) {
        self.metrics = metrics
        self.usage = usage
    }

    /// Records what a caller is billed for.
    func recordUsage(of model: ServedModel, by caller: Caller, _ usage: TokenUsage, lasting duration: Duration) {
        self.usage?.record(
            model: UsageModel(id: model.id, name: model.name, units: model.units),
            key: UsageKey(id: caller.principal.id, name: caller.principal.name),
            tokens: UsageTokens(
                input: usage.promptTokens, output: usage.completionTokens, cached: usage.cachedTokens,
                reasoning: usage.reasoningTokens), lasting: duration)
    }

    /// Records a finished generation.
    ///
    /// - Parameters:
    ///   - reason: why it ended, in the API's word: `stop`, `length`, `tool_calls`.
    ///   - firstToken: from the request's arrival to its first token; nil if none came.
    ///   - total: from the request's arrival to its end.
    public func record(
        model: String, reason: String, promptTokens: Int, cachedTokens: Int, generatedTokens: Int,
        firstToken: Duration?, total: Duration
    ) {
        let labels: MetricLabels = ["model_name": model, "engine": "0"]
        metrics.increment(
            Self.success, ["model_name": model, "engine": "0", "finished_reason": reason])
        metrics.increment(Self.cachedTokens, labels, by: Double(cachedTokens))
        metrics.observe(Self.promptTokens, labels, Double(promptTokens))
        metrics.observe(Self.generatedTokens, labels, Double(generatedTokens))
        metrics.observe(Self.latency, labels, total.seconds)
        guard let firstToken else { return }
        metrics.observe(Self.timeToFirstToken, labels, firstToken.seconds)
        guard generatedTokens > 1 else { return }
        metrics.observe(Self.timePerToken, labels, (total - firstToken).seconds / Double(generatedTokens - 1))
    }

    /// Records a generation that failed, or that nobody waited for any more.
    public func recordAbort(model: String) {
        metrics.increment(
            Self.success, ["model_name": model, "engine": "0", "finished_reason": "abort"])
    }

    /// Records breaks of the conversation format in a model's output that were repaired.
    public func recordRepairs(_ count: Int, model: String) {
        guard count > 0 else { return }
        metrics.increment(Self.repairs, ["model_name": model], by: Double(count))
    }

    private static let repairs = MetricFamily(
        "outcrop_harmony_repairs_total", .counter, "Breaks of the harmony format in model output that were repaired.")
    private static let success = MetricFamily(
        "vllm:request_success_total", .counter, "Finished generations by reason.")
    private static let cachedTokens = MetricFamily(
        "vllm:prompt_tokens_cached_total", .counter, "Prompt tokens that were in memory already.")
    private static let promptTokens = MetricFamily(
        "vllm:request_prompt_tokens", .histogram(bounds: tokenBounds), "Prompt tokens of a request.")
    private static let generatedTokens = MetricFamily(
        "vllm:request_generation_tokens", .histogram(bounds: tokenBounds), "Generated tokens of a request.")
    private static let latency = MetricFamily(
        "vllm:e2e_request_latency_seconds",
        .histogram(bounds: [
            0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
        ]),
        "Seconds from a request's arrival to its end.")
    private static let timeToFirstToken = MetricFamily(
        "vllm:time_to_first_token_seconds",
        .histogram(bounds: [
            0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640,
            2560,
        ]),
        "Seconds from a request's arrival to its first token.")
    private static let timePerToken = MetricFamily(
        "vllm:request_time_per_output_token_seconds",
        .histogram(bounds: [
            0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
        ]),
        "Seconds per generated token after the first.")
    private static let tokenBounds: [Double] = [
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000,
    ]
}

extension Duration {
    /// The duration in seconds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
