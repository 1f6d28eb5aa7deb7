import AWSProtocol

struct ShortTermKey {
    let signature: RequestSignature; init?(_ key: String) { return nil };
    func verify(secret: String, now: Int) throws(SignatureError) {}
}
