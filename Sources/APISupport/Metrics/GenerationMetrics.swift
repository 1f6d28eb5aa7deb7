import Access
import Conversation
import Usage

/// What one generation took, and how it ended.
struct GenerationMeasurement: Sendable {
    /// How it ended; nil if it failed, or if nobody waited for it any more.
    var summary: ConversationSummary?
    /// What it took; nothing if its turn never came.
    var usage: TokenUsage
    /// From the request's arrival to its first token; nil if none came.
    var firstToken: Duration?
    /// From the request's arrival to its end.
    var total: Duration
}

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

    /// Records a generation that has ended, in whichever way.
    func record(_ generation: GenerationMeasurement, of model: ServedModel, for caller: Caller) {
        let labels: MetricLabels = ["model_name": model.name, "engine": "0"]
        let reason = generation.summary?.reason.name ?? "abort"
        metrics.increment(
            Self.success, ["model_name": model.name, "engine": "0", "finished_reason": reason])
        // What never had its turn has taken nothing, and is billed to nobody.
        guard generation.usage != .zero else { return }
        recordTokens(of: generation, labels)
        recordTimes(of: generation, labels)
        if let repairs = generation.summary?.repairs, repairs > 0 {
            metrics.increment(Self.repairs, ["model_name": model.name], by: Double(repairs))
        }
        usage?.record(
            model: UsageModel(id: model.id, name: model.name, units: model.units),
            key: UsageKey(id: caller.principal.id, name: caller.principal.name),
            tokens: UsageTokens(generation.usage), lasting: generation.total)
    }

    private func recordTokens(of generation: GenerationMeasurement, _ labels: MetricLabels) {
        metrics.increment(Self.cachedTokens, labels, by: Double(generation.usage.cachedTokens))
        metrics.observe(Self.promptTokens, labels, Double(generation.usage.promptTokens))
        metrics.observe(Self.generatedTokens, labels, Double(generation.usage.completionTokens))
    }

    private func recordTimes(of generation: GenerationMeasurement, _ labels: MetricLabels) {
        metrics.observe(Self.latency, labels, generation.total.seconds)
        guard let firstToken = generation.firstToken else { return }
        metrics.observe(Self.timeToFirstToken, labels, firstToken.seconds)
        let later = generation.usage.completionTokens - 1
        guard later > 0 else { return }
        metrics.observe(Self.timePerToken, labels, (generation.total - firstToken).seconds / Double(later))
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

extension UsageTokens {
    fileprivate init(_ usage: TokenUsage) {
        self.init(
            input: usage.promptTokens, output: usage.completionTokens, cached: usage.cachedTokens,
            reasoning: usage.reasoningTokens)
    }
}

extension Duration {
    /// The duration in seconds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
