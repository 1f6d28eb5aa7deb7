/// The kinds of findings, by stable names that appear in `--json` output and in documentation.
public enum FindingCode: String, Sendable, CaseIterable {
    // The folder.
    case fileUnreadable = "file_unreadable"
    case noWeights = "no_weights"
    case adapterOnly = "adapter_only"
    case metalFolder = "metal_folder"
    case tooLarge = "too_large"

    // The configuration.
    case configurationMissing = "configuration_missing"
    case configurationInvalid = "configuration_invalid"
    case configurationLimit = "configuration_limit"
    case unsupportedArchitecture = "unsupported_architecture"
    case unsupportedRotary = "unsupported_rotary"
    case configurationDefaulted = "configuration_defaulted"
    case staleQuantization = "stale_quantization"
    case generationConfigurationInvalid = "generation_configuration_invalid"

    // The index.
    case indexMissing = "index_missing"
    case indexInvalid = "index_invalid"
    case indexMetadataRefused = "index_metadata_refused"
    case indexStale = "index_stale"
    case shardMissing = "shard_missing"
    case shardNotInIndex = "shard_not_in_index"

    // A safetensors file.
    case headerTruncated = "header_truncated"
    case headerTooLarge = "header_too_large"
    case headerInvalid = "header_invalid"
    case duplicateTensor = "duplicate_tensor"
    case unknownElementType = "unknown_element_type"
    case tensorSizeMismatch = "tensor_size_mismatch"
    case tensorOutOfRange = "tensor_out_of_range"
    case tensorsOverlap = "tensors_overlap"
    case hole = "hole"
    case fileTruncated = "file_truncated"
    case trailingBytes = "trailing_bytes"

    // The tensors against the configuration.
    case layoutUnknown = "layout_unknown"
    case tensorMissing = "tensor_missing"
    case tensorUnexpected = "tensor_unexpected"
    case wrongShape = "wrong_shape"
    case wrongElementType = "wrong_element_type"
    case elementTypesDisagree = "element_types_disagree"

    // The tokenizer.
    case tokenizerInvalid = "tokenizer_invalid"
    case tokenizerUnsupported = "tokenizer_unsupported"
    case tokenizerTooLarge = "tokenizer_too_large"
    case tokenizerMissing = "tokenizer_missing"

    /// How bad a finding of this kind is.
    public var severity: Finding.Severity {
        switch self {
        case .fileUnreadable, .noWeights, .adapterOnly, .tooLarge, .configurationMissing, .configurationInvalid,
            .configurationLimit, .unsupportedArchitecture, .unsupportedRotary, .indexMissing, .indexInvalid,
            .indexMetadataRefused, .indexStale, .shardMissing, .headerTruncated, .headerTooLarge, .headerInvalid,
            .duplicateTensor, .unknownElementType, .tensorSizeMismatch, .tensorOutOfRange, .tensorsOverlap, .hole,
            .fileTruncated, .trailingBytes, .layoutUnknown, .tensorMissing, .wrongShape, .wrongElementType,
            .elementTypesDisagree, .metalFolder, .tokenizerInvalid, .tokenizerUnsupported, .tokenizerTooLarge:
            .error
        case .shardNotInIndex, .tensorUnexpected, .tokenizerMissing, .generationConfigurationInvalid:
            .warning
        case .configurationDefaulted, .staleQuantization:
            .note
        }
    }

    /// Whether an import must refuse a checkpoint with such a finding. Errors that only the original service's import
    /// would trip over (index metadata, a `metal/` folder, more than 200 GB) do not stop this one.
    public var blocksImport: Bool {
        switch self {
        case .indexMissing, .indexInvalid, .indexMetadataRefused, .indexStale, .metalFolder, .tooLarge, .hole,
            .trailingBytes:
            false
        default: severity == .error
        }
    }

    /// Whether `fix` repairs it.
    public var isFixable: Bool {
        switch self {
        case .indexMissing, .indexInvalid, .indexMetadataRefused, .indexStale, .shardNotInIndex: true
        default: false
        }
    }
}
