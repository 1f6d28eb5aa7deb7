import APISupport
import Conversation
import Generation

/// The generators' load figures as metrics, under the names that vLLM's dashboards and autoscalers read, old and new.
enum LoadMetrics {
    private static let running = MetricFamily(
        "vllm:num_requests_running", .gauge, "Sequences being computed.")
    private static let waiting = MetricFamily(
        "vllm:num_requests_waiting", .gauge, "Requests waiting for a place.")
    private static let cacheUsage = MetricFamily(
        "vllm:kv_cache_usage_perc", .gauge, "Share of the KV pages in use, 0 to 1.")
    private static let oldCacheUsage = MetricFamily(
        "vllm:gpu_cache_usage_perc", .gauge, "The same under its old name.")
    private static let promptTokens = MetricFamily(
        "vllm:prompt_tokens_total", .counter, "Prompt tokens computed.")
    private static let generatedTokens = MetricFamily(
        "vllm:generation_tokens_total", .counter, "Tokens generated.")
    private static let prefixQueries = MetricFamily(
        "vllm:prefix_cache_queries_total", .counter, "Prompt tokens looked up in the prefix cache.")
    private static let prefixHits = MetricFamily(
        "vllm:prefix_cache_hits_total", .counter, "Prompt tokens found in the prefix cache.")
    private static let draftedTokens = MetricFamily(
        "vllm:spec_decode_num_draft_tokens_total", .counter, "Tokens guessed and computed ahead.")
    private static let acceptedTokens = MetricFamily(
        "vllm:spec_decode_num_accepted_tokens_total", .counter, "Guessed tokens that were right.")
    private static let preemptions = MetricFamily(
        "vllm:num_preemptions_total", .counter, "Sequences that gave their pages up for others, to be computed again.")
    private static let inProgress = MetricFamily(
        "outcrop_requests_in_progress", .gauge, "Requests being answered.")

    /// Reads all figures.
    static func collector(_ pool: ModelPool, _ state: ServiceState) -> Metrics.Collector {
        {
            let perModel = pool.loaded.flatMap { model in
                let load = model.generator.load()
                let labels: MetricLabels = ["model_name": model.name, "engine": "0"]
                return [
                    MetricSample(running, labels, Double(load.running)),
                    MetricSample(waiting, labels, Double(load.waiting)),
                    MetricSample(cacheUsage, labels, load.pageUsage),
                    MetricSample(oldCacheUsage, labels, load.pageUsage),
                    MetricSample(promptTokens, labels, Double(load.promptTokens)),
                    MetricSample(generatedTokens, labels, Double(load.generatedTokens)),
                    MetricSample(prefixQueries, labels, Double(load.prefixQueries)),
                    MetricSample(prefixHits, labels, Double(load.prefixHits)),
                    MetricSample(draftedTokens, labels, Double(load.draftedTokens)),
                    MetricSample(acceptedTokens, labels, Double(load.acceptedTokens)),
                    MetricSample(preemptions, labels, Double(load.preemptions)),
                ]
            }
            return perModel + [MetricSample(inProgress, [:], Double(state.requestsInProgress))]
        }
    }
}
