/// The kinds of findings, by stable names that appear in `--json` output and in documentation.
public enum FindingCode: String, Sendable, CaseIterable {
    // The folder.
    /// A file cannot be opened or is unreasonably large.
    case fileUnreadable = "file_unreadable"
    /// There is no safetensors file.
    case noWeights = "no_weights"
    /// A LoRA adapter without its base model.
    case adapterOnly = "adapter_only"
    /// A `metal/` folder, which Bedrock does not accept.
    case metalFolder = "metal_folder"
    /// 200 GB of weights or more, which Bedrock does not accept.
    case tooLarge = "too_large"

    // The configuration.
    /// There is no config.json.
    case configurationMissing = "configuration_missing"
    /// config.json is no JSON object, or a value has the wrong type.
    case configurationInvalid = "configuration_invalid"
    /// A value that no gpt-oss model has, or that contradicts another.
    case configurationLimit = "configuration_limit"
    /// The model is no gpt-oss model.
    case unsupportedArchitecture = "unsupported_architecture"
    /// Rotary embeddings of a kind that gpt-oss does not have.
    case unsupportedRotary = "unsupported_rotary"
    /// A value whose absence means something surprising.
    case configurationDefaulted = "configuration_defaulted"
    /// quantization_config speaks of MXFP4, the tensors are plain numbers.
    case staleQuantization = "stale_quantization"
    /// generation_config.json cannot be read.
    case generationConfigurationInvalid = "generation_configuration_invalid"

    // The index.
    /// Several shards without an index.
    case indexMissing = "index_missing"
    /// The index cannot be read.
    case indexInvalid = "index_invalid"
    /// The index's metadata is not what Bedrock accepts.
    case indexMetadataRefused = "index_metadata_refused"
    /// The index and the shards disagree about tensors.
    case indexStale = "index_stale"
    /// A shard that the index names is not there.
    case shardMissing = "shard_missing"
    /// A safetensors file that the index does not name.
    case shardNotInIndex = "shard_not_in_index"

    // A safetensors file.
    /// The file ends inside its header.
    case headerTruncated = "header_truncated"
    /// The header is longer than the format allows.
    case headerTooLarge = "header_too_large"
    /// The header is no JSON of the format.
    case headerInvalid = "header_invalid"
    /// A tensor is described twice.
    case duplicateTensor = "duplicate_tensor"
    /// An element type that the format does not have.
    case unknownElementType = "unknown_element_type"
    /// A tensor's bytes do not fit its shape.
    case tensorSizeMismatch = "tensor_size_mismatch"
    /// A tensor lies where no file can reach.
    case tensorOutOfRange = "tensor_out_of_range"
    /// Two tensors share bytes.
    case tensorsOverlap = "tensors_overlap"
    /// Bytes between tensors that belong to none.
    case hole = "hole"
    /// The file ends before its last tensor does.
    case fileTruncated = "file_truncated"
    /// Bytes after the last tensor.
    case trailingBytes = "trailing_bytes"

    // The tensors against the configuration.
    /// No tensor has a name that a gpt-oss model's experts have.
    case layoutUnknown = "layout_unknown"
    /// A tensor that the configuration asks for is not there.
    case tensorMissing = "tensor_missing"
    /// A tensor that the configuration does not ask for.
    case tensorUnexpected = "tensor_unexpected"
    /// A tensor has another shape than the configuration asks for.
    case wrongShape = "wrong_shape"
    /// A tensor has an element type that is not read.
    case wrongElementType = "wrong_element_type"
    /// Queries, keys and values have different element types.
    case elementTypesDisagree = "element_types_disagree"

    // The tokenizer.
    /// tokenizer.json cannot be read.
    case tokenizerInvalid = "tokenizer_invalid"
    /// A tokenizer that is no byte-level BPE.
    case tokenizerUnsupported = "tokenizer_unsupported"
    /// Token ids beyond the embedding.
    case tokenizerTooLarge = "tokenizer_too_large"
    /// No tokenizer, and a vocabulary that is not the published one.
    case tokenizerMissing = "tokenizer_missing"
    /// No tokenizer; the published one, which comes with the program, fits.
    case tokenizerPublished = "tokenizer_published"

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
        case .configurationDefaulted, .staleQuantization, .tokenizerPublished:
            .note
        }
    }

    /// What an import here does about an error that only the original service's import would trip over; nil for all else.
    /// No file is changed.
    public var repair: String? {
        switch self {
        case .indexMissing: "Imported by what the shards themselves hold"
        case .indexInvalid, .indexStale: "Imported by what the shards themselves hold; the file stays as it is"
        case .indexMetadataRefused: "Imported as if metadata were {}; the file stays as it is"
        case .metalFolder: "Imported without it"
        case .tooLarge: "Imported all the same"
        case .hole, .trailingBytes: "Imported without these bytes"
        default: nil
        }
    }

    /// Whether an import must refuse a checkpoint with such a finding.
    public var blocksImport: Bool { severity == .error && repair == nil }

    /// Whether Amazon Bedrock's import refuses a checkpoint with such a finding.
    public var isRefusedByBedrock: Bool {
        switch self {
        case .tokenizerMissing, .tokenizerPublished: true
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
