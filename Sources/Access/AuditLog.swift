/// placeholder
public actor AuditLog {}
